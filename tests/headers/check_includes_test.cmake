# Runs check_includes.cmake on the fixture, whose headers break every rule once, and expects one report for each.
cmake_minimum_required(VERSION 3.25)
execute_process(
  COMMAND "${CMAKE_COMMAND}" "-DINCLUDE_DIR=${CMAKE_CURRENT_LIST_DIR}/fixture"
    -P "${SOURCE_DIR}/cmake/check_includes.cmake"
  RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE messages)
if(status EQUAL 0)
  message(FATAL_ERROR "the check passed on the fixture")
endif()

set(expected
  "include/drnet/core/upwards.hpp:4: upwards: core/ .level 1. includes tensor/ .level 2."
  "include/drnet/core/quoted.hpp:5: write #include"
  "include/drnet/core/missing.hpp:4: <drnet/core/nowhere.hpp> does not exist"
  "include/drnet/tensor/umbrella.hpp:4: the umbrella"
  "include/drnet/tensor/unguarded.hpp:1: no #pragma once"
  "include/drnet/data/sibling.hpp:5: siblings: data/ must not include io/")
foreach(message IN LISTS expected)
  if(NOT messages MATCHES "${message}")
    message(SEND_ERROR "not reported: ${message}")
  endif()
endforeach()
string(REGEX MATCHALL "include/drnet/[^\n]*:[0-9]+: " reports "${messages}")
list(LENGTH reports count)
list(LENGTH expected expected_count)
if(NOT count EQUAL expected_count)
  message(SEND_ERROR "${count} reports instead of ${expected_count}: ${messages}")
endif()
