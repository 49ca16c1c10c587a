// A program that uses drnet as any user would; the same file is built in four ways.
#include <drnet/drnet.hpp>

#include <iostream>

int main() {
  const drnet::Random random(7, drnet::Purpose::check);
  try {
    if (random.uniform(0) >= 0.0F && random.uniform(0) < 1.0F)
      throw drnet::Error("main.cpp", "an error", std::to_string(random.bits(0)));
  } catch (const drnet::Error& error) {
    std::cout << error.what() << '\n';
    return error.got() == std::to_string(random.bits(0)) ? 0 : 1;
  }
  return 1;
}
