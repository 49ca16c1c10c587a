# Takes the ```cpp blocks out of a markdown file, so that documentation is compiled and run. A block is a translation
# unit of its own; what a reader need not see stands in a comment right before or after it:
#     <!-- before
#     int main() {
#     -->
#     ```cpp
#     use(it);
#     ```
#     <!-- after
#     }
#     -->

# The number of lines that `text` ends.
function(drnet_count_lines text result)
  string(REGEX MATCHALL "\n" lines "${text}")
  list(LENGTH lines lines)
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

# `result`: the lines of the comment `<!-- before` that `text` ends with, or empty.
function(drnet_lines_before text result)
  set(${result} "" PARENT_SCOPE)
  string(FIND "${text}" "<!-- before\n" position REVERSE)
  if(position GREATER -1)
    string(SUBSTRING "${text}" ${position} -1 text)
    string(STRIP "${text}" text)
    string(FIND "${text}" "\n-->" end)
    string(LENGTH "${text}" length)
    math(EXPR expected_end "${length} - 4")
    if(end EQUAL expected_end)
      string(SUBSTRING "${text}" 12 ${end} text)
      string(REGEX REPLACE "\n-->?$" "\n" text "${text}")
      set(${result} "${text}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# `result`: the lines of the comment `<!-- after` that `text` begins with, or empty.
function(drnet_lines_after text result)
  set(${result} "" PARENT_SCOPE)
  if(text MATCHES "^[\n]*<!-- after\n")
    string(FIND "${text}" "<!-- after\n" position)
    math(EXPR position "${position} + 11")
    string(SUBSTRING "${text}" ${position} -1 text)
    string(FIND "${text}" "-->" end)
    string(SUBSTRING "${text}" 0 ${end} text)
    set(${result} "${text}" PARENT_SCOPE)
  endif()
endfunction()

# Writes <folder>/<line>.cpp for every block of `markdown`; `result` lists these files.
function(drnet_extract_snippets markdown folder result)
  file(READ "${markdown}" rest)
  set(rest "\n${rest}")
  set(line 0)
  set(files "")
  set(fence "\n```cpp\n")
  string(FIND "${rest}" "${fence}" position)
  while(position GREATER -1)
    string(SUBSTRING "${rest}" 0 ${position} text)
    drnet_lines_before("${text}" before)
    math(EXPR position "${position} + 8")
    string(SUBSTRING "${rest}" 0 ${position} text)
    drnet_count_lines("${text}" count)
    math(EXPR line "${line} + ${count}")

    string(SUBSTRING "${rest}" ${position} -1 rest)
    string(FIND "${rest}" "\n```\n" end)
    if(end EQUAL -1)
      message(FATAL_ERROR "${markdown}:${line}: the block has no end")
    endif()
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${rest}" 0 ${end} code)
    drnet_count_lines("${code}" count)
    math(EXPR next_line "${line} + ${count}")
    math(EXPR end "${end} + 3")
    string(SUBSTRING "${rest}" ${end} -1 rest)
    drnet_lines_after("${rest}" after)

    file(CONFIGURE OUTPUT "${folder}/${line}.cpp" @ONLY
      CONTENT "@before@#line ${line} \"${markdown}\"\n@code@@after@")
    list(APPEND files "${folder}/${line}.cpp")
    set(line ${next_line})
    string(FIND "${rest}" "${fence}" position)
  endwhile()
  set(${result} "${files}" PARENT_SCOPE)
endfunction()
