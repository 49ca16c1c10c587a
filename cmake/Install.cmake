# The installed package: headers, the single header, CMake package, pkg-config files. Nothing depends on the
# processor, so everything goes to include/ and share/, and the tree can be moved.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/drnet")
configure_package_config_file(cmake/drnetConfig.cmake.in "${PROJECT_BINARY_DIR}/drnetConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/drnetConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/drnetConfig.cmake" "${PROJECT_BINARY_DIR}/drnetConfigVersion.cmake"
  cmake/FindRandom123.cmake DESTINATION "${package_dir}")

install(TARGETS drnet EXPORT drnetTargets)
install(EXPORT drnetTargets NAMESPACE drnet:: DESTINATION "${package_dir}")
if(TARGET drnet_image)
  install(TARGETS drnet_image EXPORT drnetImageTargets)
  install(EXPORT drnetImageTargets NAMESPACE drnet:: DESTINATION "${package_dir}")
endif()
if(TARGET drnet_onnx)
  install(TARGETS drnet_onnx EXPORT drnetOnnxTargets)
  install(EXPORT drnetOnnxTargets NAMESPACE drnet:: DESTINATION "${package_dir}")
endif()

install(DIRECTORY include/drnet DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/drnet")
# Written at install time, so that installing needs no build before.
install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${CMAKE_COMMAND}\"
  \"-DINCLUDE_DIR=${PROJECT_SOURCE_DIR}/include\" -DHEADER=drnet/drnet.hpp -DVERSION=${PROJECT_VERSION}
  \"-DOUTPUT=${drnet_single_header_dir}/drnet/drnet.hpp\" -P \"${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake\")")
install(DIRECTORY "${drnet_single_header_dir}" DESTINATION "${CMAKE_INSTALL_DATADIR}/drnet")

set(pc_requires "eigen3 >= 3.4, xtensor >= 0.24, nlohmann_json >= 3.11")
set(pc_flags "-ffp-contract=off")
set(pc_libs "")
if(DRNET_OPENMP)
  string(APPEND pc_flags " -fopenmp -DDRNET_WITH_OPENMP=1")
  string(APPEND pc_libs " -fopenmp")
endif()
if(DRNET_TBB)
  string(APPEND pc_requires ", tbb")
  string(APPEND pc_flags " -DDRNET_WITH_TBB=1")
endif()
if(NOT Random123_INCLUDE_DIR IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
  string(APPEND pc_flags " \"-I${Random123_INCLUDE_DIR}\"")
endif()
configure_file(cmake/drnet.pc.in "${PROJECT_BINARY_DIR}/drnet.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/drnet.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
if(TARGET drnet_image)
  configure_file(cmake/drnet-image.pc.in "${PROJECT_BINARY_DIR}/drnet-image.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/drnet-image.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endif()
if(TARGET drnet_onnx)
  configure_file(cmake/drnet-onnx.pc.in "${PROJECT_BINARY_DIR}/drnet-onnx.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/drnet-onnx.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endif()
