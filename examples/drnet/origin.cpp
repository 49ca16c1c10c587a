#include "origin.hpp"

#include <fstream>
#include <thread>

namespace drnet::program {

std::string compiler_name() {
#ifdef __clang__
  return __VERSION__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos)
      return line.substr(colon + 2) + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
  return "";
}

}  // namespace drnet::program
