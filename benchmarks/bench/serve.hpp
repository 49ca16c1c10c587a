// A worker is a process that runs one side of a row of the side-by-side benchmark, so that two runtimes never
// share memory or threads. It speaks lines:
//
//   at the start   prints an object: {"name": "drnet", "macs": multiply-adds of one image}, more in mixes
//   run N          makes N runs, prints their milliseconds together
//   output FILE    writes what its runs compute (logits, or the losses of all steps so far) as raw
//                  float32, prints true
//   end of input   ends
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace bench {

struct Work {
  nlohmann::json about;
  std::function<void()> run;
  std::function<std::vector<float>()> output;
};

inline void write_floats(const std::string& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

inline double milliseconds_of(const std::function<void()>& run, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Serves the driver until it closes our input.
inline void serve(const Work& work) {
  const auto answer = [](const nlohmann::json& value) { std::cout << value.dump() << std::endl; };
  answer(work.about);
  for (std::string command, argument; std::cin >> command >> argument;) {
    if (command == "run") {
      answer(milliseconds_of(work.run, std::stoi(argument)));
    } else if (command == "output") {
      write_floats(argument, work.output());
      answer(true);
    } else {
      throw std::runtime_error("a worker knows run and output, not " + command);
    }
  }
}

/// The main() of a worker or exporter: what goes wrong is one line on standard error.
inline int guarded(const std::function<void()>& body) {
  try {
    body();
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what() << std::endl;
    return 1;
  }
}

}  // namespace bench
