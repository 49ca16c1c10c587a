// JPEG decoding against libjpeg-turbo's own program djpeg with its defaults (what Pillow decodes with, too):
// the same samples to the bit.
#include <drnet/core/random.hpp>
#include <drnet/data/decode.hpp>

#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include "pictures.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

/// Says why the test is skipped, where djpeg is missing.
bool djpeg_or_skip() {
  const bool found = std::system("djpeg -version >/dev/null 2>&1") == 0;  // NOLINT: no thread runs yet
  if (!found) support::print_skipped("the program djpeg is not installed (Debian: libjpeg-turbo-progs)");
  return found;
}

/// What djpeg makes of a file, as the samples of a binary PNM.
drnet::Image djpeg(const std::filesystem::path& jpeg, const support::TempDir& folder) {
  const auto pnm = folder / "out.pnm";
  const std::string command = "djpeg -pnm -outfile '" + pnm.string() + "' '" + jpeg.string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);  // NOLINT: no thread runs yet
  std::ifstream file(pnm, std::ios::binary);
  std::string kind;
  drnet::Image image;
  int most = 0;
  file >> kind >> image.width >> image.height >> most;
  file.get();
  REQUIRE((kind == "P5" || kind == "P6"));
  REQUIRE(most == 255);
  image.channels = kind == "P5" ? 1 : 3;
  std::ostringstream samples;
  samples << file.rdbuf();
  const std::string text = samples.str();
  image.pixels.assign(text.begin(), text.end());
  return image;
}

void check_same(const std::filesystem::path& jpeg, const support::TempDir& folder) {
  INFO(jpeg.filename().string());
  const drnet::Image ours = drnet::read_image(jpeg), theirs = djpeg(jpeg, folder);
  CHECK(ours.height == theirs.height);
  CHECK(ours.width == theirs.width);
  REQUIRE(ours.channels == theirs.channels);
  CHECK(ours.pixels == theirs.pixels);
}

/// Noise on a gradient: every coefficient of a block counts, and so do all ways to enlarge the chroma planes.
drnet::Image noisy(int height, int width, int channels) {
  drnet::Image image = support::gradient(height, width, channels);
  const drnet::Random random(5, drnet::Purpose::check);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] =
        static_cast<std::uint8_t>(image.pixels[i] / 2 + random.below(static_cast<std::uint32_t>(i), 128));
  return image;
}

}  // namespace

TEST_CASE("JPEG samples are djpeg's: odd extents, grey, baseline, progressive, all qualities") {
  if (!djpeg_or_skip()) return;
  const support::TempDir folder;
  for (const int channels : {1, 3})
    for (const bool progressive : {false, true})
      for (const int quality : {20, 75, 100}) {
        CAPTURE(channels, progressive, quality);
        check_same(
            folder.write("in.jpg", support::encode_jpeg(noisy(45, 67, channels), progressive, quality)),
            folder);
      }
}

TEST_CASE("JPEG samples of real pictures are djpeg's", "[reference]") {
  const auto data = support::reference_or_skip("data");
  if (!data || !djpeg_or_skip()) return;
  const support::TempDir folder;
  for (const char* set : {"imagenet-sample", "caltech101"}) {
    int count = 0, index = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*data / set / "images"))
      if (entry.path().extension() == ".jpg" && index++ % 37 == 0 && count < 25) {
        check_same(entry.path(), folder);
        ++count;
      }
    CHECK(count > 0);
  }
}
