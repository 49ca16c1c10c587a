# What drnet is built on. Every missing dependency is named together with its Debian package.

function(drnet_require found name package)
  if(NOT ${found})
    message(FATAL_ERROR "drnet: ${name} was not found (Debian package: ${package})")
  endif()
endfunction()

# Everything that drnet::drnet needs; OpenMP and oneTBB are optional.
macro(drnet_find_dependencies)
  find_package(Eigen3 3.4 QUIET NO_MODULE)
  drnet_require(Eigen3_FOUND "Eigen 3.4" libeigen3-dev)
  find_package(xtensor 0.24 QUIET)
  drnet_require(xtensor_FOUND "xtensor 0.24" libxtensor-dev)
  find_package(Random123 QUIET)
  drnet_require(Random123_FOUND "Random123" librandom123-dev)
  find_package(nlohmann_json 3.11 QUIET)
  drnet_require(nlohmann_json_FOUND "nlohmann-json 3.11" nlohmann-json3-dev)
  find_package(Threads QUIET)
  find_package(OpenMP QUIET COMPONENTS CXX)
  find_package(TBB 2021 QUIET)
endmacro()

macro(drnet_find_image_dependencies)
  find_package(JPEG QUIET)
  drnet_require(JPEG_FOUND "libjpeg" "libjpeg-dev; or -DDRNET_IMAGE=OFF")
  find_package(PNG QUIET)
  drnet_require(PNG_FOUND "libpng" "libpng-dev; or -DDRNET_IMAGE=OFF")
endmacro()
