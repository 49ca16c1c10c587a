# Installs ONNX Runtime for Node.js into WORK_DIR, which holds package.json and compare.mjs; nothing is asked of the
# network where it is there already. Leaves a file `installed` where all went well. What is missing fails under CI and is
# skipped elsewhere.
#   cmake -DWORK_DIR=<folder> -P install.cmake
cmake_minimum_required(VERSION 3.25)

function(fail_or_skip reason)
  if(DEFINED ENV{CI})
    message(FATAL_ERROR "${reason}")
  endif()
  message(FATAL_ERROR "SKIPPED: the models are not run by ONNX Runtime: ${reason}")
endfunction()

file(REMOVE "${WORK_DIR}/installed")
find_program(NODE NAMES node nodejs)
if(NOT NODE)
  fail_or_skip("there is no node (Debian package: nodejs)")
endif()
set(probe "${NODE}" -e "require('onnxruntime-node')")
execute_process(COMMAND ${probe} WORKING_DIRECTORY "${WORK_DIR}" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
if(status EQUAL 0)
  file(TOUCH "${WORK_DIR}/installed")
  return()
endif()

find_program(NPM npm)
if(NOT NPM)
  fail_or_skip("there is no npm (Debian package: npm)")
endif()
# Its install script would fetch libraries for graphics processors.
execute_process(
  COMMAND "${NPM}" install --ignore-scripts --no-package-lock --no-audit --no-fund --no-update-notifier
  WORKING_DIRECTORY "${WORK_DIR}" RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  fail_or_skip("npm install failed (${status}):\n${output}")
endif()
execute_process(COMMAND ${probe} WORKING_DIRECTORY "${WORK_DIR}" COMMAND_ERROR_IS_FATAL ANY)
file(TOUCH "${WORK_DIR}/installed")
