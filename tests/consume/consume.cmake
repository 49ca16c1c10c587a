# Builds and runs main.cpp in an empty WORK_DIR in one WAY of using drnet; the package is installed in PREFIX. With
# ONNX, that of an installed package is asked for its component drnet::onnx, too, and export.cpp is built with it.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK_DIR}")
file(MAKE_DIRECTORY "${WORK_DIR}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK_DIR}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The project in the folder of the same name, with the generator of our own build: there may be no other.
function(build_project)
  run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/${WAY}" -B . -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
    -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DDRNET_SOURCE_DIR=${SOURCE_DIR}" "-DONNX=${ONNX}")
  run("${CMAKE_COMMAND}" --build .)
endfunction()

# What pkg-config says about `packages`, as a list of arguments.
function(pkg_config result)
  find_program(PKG_CONFIG NAMES pkg-config pkgconf)
  if(NOT PKG_CONFIG)
    message(FATAL_ERROR "SKIPPED: pkg-config is not installed")
  endif()
  set(ENV{PKG_CONFIG_PATH} "${PREFIX}/share/pkgconfig:$ENV{PKG_CONFIG_PATH}")
  execute_process(COMMAND "${PKG_CONFIG}" ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(text UNIX_COMMAND "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

function(compile name)
  run("${COMPILER}" -std=c++20 -O2 "${CMAKE_CURRENT_LIST_DIR}/${name}.cpp" -o ${name} ${ARGN})
endfunction()

if(WAY STREQUAL "find_package" OR WAY STREQUAL "add_subdirectory")
  build_project()
elseif(WAY STREQUAL "pkg_config")
  pkg_config(flags --cflags --libs drnet drnet-image)
  compile(main ${flags})
  if(ONNX)
    pkg_config(flags --cflags --libs drnet-onnx)
    compile(export ${flags})
  endif()
elseif(WAY STREQUAL "single_header")
  # Only the dependencies' own include folders besides the one of the single header: drnet's is not among them.
  pkg_config(flags --cflags eigen3 xtensor nlohmann_json)
  compile(main "-I${PREFIX}/share/drnet/single_header" -ffp-contract=off ${flags})
else()
  message(FATAL_ERROR "no such way: ${WAY}")
endif()
run("${WORK_DIR}/main")
if(EXISTS "${WORK_DIR}/export")
  run("${WORK_DIR}/export")
endif()
