# Flags of our own tests, examples and benchmarks; nothing here reaches a user of drnet::drnet.
if(DEFINED ENV{CI})
  set(drnet_in_ci ON)
else()
  set(drnet_in_ci OFF)
endif()
option(DRNET_WERROR "Treat warnings as errors" ${drnet_in_ci})
set(DRNET_MARCH "" CACHE STRING "Instruction set of our own builds, as in -march=<value>; empty: the compiler's default")
set(DRNET_SANITIZE "" CACHE STRING "Sanitizers of our own builds, as in -fsanitize=<value>")
option(DRNET_CCACHE "Compile through ccache where it is installed" ON)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
add_library(drnet_developer INTERFACE)
target_compile_options(drnet_developer INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  "$<$<BOOL:${DRNET_WERROR}>:-Werror>"
  "$<$<BOOL:${DRNET_MARCH}>:-march=${DRNET_MARCH}>")
# g++ 12 warns about memcpy inside of `"text" + std::string` (GCC bugs 105329 and 105651), also as if it left the
# string's bounds, and about the content of a
# std::optional that is empty: shown, but no error.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(drnet_developer INTERFACE -Wno-error=restrict -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=maybe-uninitialized)
endif()
if(DRNET_SANITIZE)
  # g++ sees uninitialized values in the code that its sanitizers add.
  target_compile_options(drnet_developer INTERFACE "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>"
    -fsanitize=${DRNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(drnet_developer INTERFACE -fsanitize=${DRNET_SANITIZE})
endif()

# Precompiled headers carry time stamps and macros that ccache would otherwise not accept.
find_program(DRNET_CCACHE_PROGRAM ccache)
mark_as_advanced(DRNET_CCACHE_PROGRAM)
if(DRNET_CCACHE AND DRNET_CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    "${DRNET_CCACHE_PROGRAM}")
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(drnet_pch_options "SHELL:-Xclang -fno-pch-timestamp")
else()
  set(drnet_pch_options -fpch-preprocess)
endif()

# Writes the options with which any compiler takes sources as `target` does, and `more`, into a file that it reads as
# @file. OpenMP, whose headers one compiler may lack, has no say in what is tested so.
function(drnet_write_compiler_options file target more)
  set(definitions "$<FILTER:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>,EXCLUDE,^$|OPENMP>")
  file(GENERATE OUTPUT "${file}" CONTENT
"-std=c++20 -ffp-contract=off ${more}
-I\"$<JOIN:$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>>,\"
-I\">\"
-D$<JOIN:${definitions},
-D>
")
endfunction()
