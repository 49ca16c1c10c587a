// Links the two translation units that include every header: a function that is not inline fails here.
#include <cstring>

const char* first_unit();
const char* second_unit();

int main() {
  return std::strcmp(first_unit(), "one") != 0 || std::strcmp(second_unit(), "two") != 0;
}
