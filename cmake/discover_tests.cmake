# Writes OUTPUT, a ctest script with one test for each Catch2 test case of EXECUTABLE (Catch2 2.13 or 3).
# Labels: FOLDER, and those of the tags below that the test case carries. A test that prints "SKIPPED: reason"
# and does not fail counts as skipped. A test with the tag [runtime] needs the ctest fixture of that name.
cmake_minimum_required(VERSION 3.25)
set(tags reference runtime slow small threads)

# The names of the test cases that match a test specification, one list element each.
function(list_names spec result)
  execute_process(COMMAND "${EXECUTABLE}" --list-test-names-only ${spec}
    OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status)
  if(errors MATCHES "Unrecognised token")
    execute_process(COMMAND "${EXECUTABLE}" --list-tests --verbosity quiet ${spec}
      OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status)
    set(expected_status 0)
  else()
    # Version 2 exits with the number of test cases.
    string(REGEX MATCHALL "\n" lines "${text}")
    list(LENGTH lines expected_status)
    math(EXPR expected_status "${expected_status} % 256")
  endif()
  if(NOT "${status}" STREQUAL expected_status OR NOT errors STREQUAL "")
    message(FATAL_ERROR "${EXECUTABLE} cannot list its tests (${status}): ${errors}")
  endif()
  # Brackets and semicolons have a meaning in lists.
  string(REPLACE "[" "<open>" text "${text}")
  string(REPLACE "]" "<close>" text "${text}")
  string(REPLACE ";" "<semicolon>" text "${text}")
  string(STRIP "${text}" text)
  string(REPLACE "\n" ";" names "${text}")
  set(${result} "${names}" PARENT_SCOPE)
endfunction()

function(plain encoded result)
  string(REPLACE "<open>" "[" text "${encoded}")
  string(REPLACE "<close>" "]" text "${text}")
  string(REPLACE "<semicolon>" ";" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

list_names("" all)
foreach(tag IN LISTS tags)
  list_names("[${tag}]" tagged_${tag})
endforeach()

set(script "")
foreach(encoded IN LISTS all)
  set(labels ${FOLDER})
  foreach(tag IN LISTS tags)
    if(encoded IN_LIST tagged_${tag})
      list(APPEND labels ${tag})
    endif()
  endforeach()
  set(fixture "")
  if(encoded IN_LIST tagged_runtime)
    set(fixture " FIXTURES_REQUIRED runtime")
  endif()
  plain("${encoded}" name)
  string(REGEX REPLACE "([][,\\\\\"])" "\\\\\\1" spec "${name}")
  string(APPEND script
    "add_test([==[${FOLDER}: ${name}]==] [==[${EXECUTABLE}]==] [==[${spec}]==])\n"
    "set_tests_properties([==[${FOLDER}: ${name}]==] PROPERTIES LABELS \"${labels}\"${fixture}\n"
    "  SKIP_REGULAR_EXPRESSION [==[SKIPPED: .*(All tests passed|1 passed|1 skipped)]==]\n"
    "  FAIL_REGULAR_EXPRESSION [==[No test cases matched]==])\n")
endforeach()
file(WRITE "${OUTPUT}" "${script}")
