# The amalgamation: <build>/single_header/drnet/drnet.hpp holds everything that <drnet/drnet.hpp> includes, so
# that one -I<build>/single_header replaces the include folder.
file(GLOB_RECURSE drnet_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/drnet/*.hpp")
set(drnet_single_header_dir "${PROJECT_BINARY_DIR}/single_header")

add_custom_command(OUTPUT "${drnet_single_header_dir}/drnet/drnet.hpp"
  COMMAND "${CMAKE_COMMAND}" "-DINCLUDE_DIR=${PROJECT_SOURCE_DIR}/include" -DHEADER=drnet/drnet.hpp
    "-DVERSION=${PROJECT_VERSION}" "-DOUTPUT=${drnet_single_header_dir}/drnet/drnet.hpp"
    -P "${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake"
  DEPENDS ${drnet_headers} "${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake"
  COMMENT "Writing the single header" VERBATIM)
set(drnet_default_target "")
if(PROJECT_IS_TOP_LEVEL)  # who adds drnet as a subdirectory asks for it
  set(drnet_default_target ALL)
endif()
add_custom_target(drnet_single_header ${drnet_default_target} DEPENDS "${drnet_single_header_dir}/drnet/drnet.hpp")
