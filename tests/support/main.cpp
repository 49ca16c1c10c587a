// The main function of every test executable, for Catch2 2.13 (whose implementation is compiled here) and 3.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>

int main(int argc, char** argv) {
  return Catch::Session().run(argc, argv);
}
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

// LLVM's OpenMP runtime leaves a few kilobytes of its own thread records to the end of the process.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libomp.so\n";
}
