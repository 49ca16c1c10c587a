#include "fingerprint.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string_view>

namespace drnet::program {

namespace {

class Fnv1a {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  [[nodiscard]] std::string text() const {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash_));
    return digits.data();
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

std::string fingerprint(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return "";
  Fnv1a hash;
  std::string block(std::size_t{1} << 16, '\0');
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0)
    hash.add(std::string_view(block).substr(0, static_cast<std::size_t>(stream.gcount())));
  return hash.text();
}

std::string fingerprint(const Dataset& pictures) {
  Fnv1a hash;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    hash.add(pictures.describe(i) + ' ' + std::to_string(pictures.label(i)) + '\n');
  return hash.text();
}

}  // namespace drnet::program
