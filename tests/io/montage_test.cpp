// The stand-alone montage: grouped, limited, well formed, and strict about pixels.
#include <drnet/io/montage.hpp>
#include <drnet/io/read_file.hpp>
#include <support/catch.hpp>
#include <support/markup_check.hpp>
#include <support/temp_dir.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

drnet::MontageImage image(int resolution, const std::string& label, const std::string& predicted,
                          int channels = 3) {
  drnet::MontageImage result{4, 3, channels, {}, label, predicted, resolution};
  result.pixels.assign(static_cast<std::size_t>(12 * channels), 100);
  return result;
}

}  // namespace

TEST_CASE("montage groups by resolution, largest first", "[montage]") {
  const std::vector<drnet::MontageImage> images{image(112, "cat", "cat"),
                                                image(224, "dog <1>", "fox & \"hound\""),
                                                image(112, "", "owl", 1), image(168, "猫", "猫")};
  const std::string svg = drnet::montage_svg(images);
  CHECK(support::markup_fault(svg) == "");
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(support::count(svg, "<image ") == 4);
  CHECK(support::count(svg, "href=\"data:image/png;base64,") == 4);
  CHECK(support::count(svg, "http") == 1);  // the name space only
  const std::size_t large = svg.find("224 px · 1 image<"), middle = svg.find("168 px · 1 image<"),
                    small = svg.find("112 px · 2 images<");
  CHECK(large < middle);
  CHECK(middle < small);
  CHECK(small != std::string::npos);
  CHECK(svg.find("✗ fox &amp; &quot;hound&quot;") != std::string::npos);
  CHECK(svg.find("is dog &lt;1&gt;") != std::string::npos);
  CHECK(support::count(svg, "✓") == 2);
}

TEST_CASE("montage shows so many of each group and counts all", "[montage]") {
  const std::vector<drnet::MontageImage> images(9, image(112, "a", "a"));
  const std::string svg = drnet::montage_svg(images, {.columns = 2, .side = 50, .per_group = 5});
  CHECK(support::count(svg, "<image ") == 5);
  CHECK(svg.find("112 px · 9 images") != std::string::npos);
  CHECK(support::markup_fault(drnet::montage_svg({})) == "");
}

TEST_CASE("montage cuts long names", "[montage]") {
  const std::string name(500, 'n');
  const std::string svg = drnet::montage_svg(std::vector<drnet::MontageImage>{image(112, name, name)});
  CHECK(svg.find(std::string(20, 'n')) == std::string::npos);
  CHECK(svg.find("nnnn…") != std::string::npos);
}

TEST_CASE("montage refuses pixels that do not fit and odd options", "[montage]") {
  drnet::MontageImage broken = image(112, "a", "a");
  broken.pixels.pop_back();
  CHECK_THROWS_AS(drnet::montage_svg(std::vector<drnet::MontageImage>{broken}), drnet::Error);
  broken.width = -4;
  CHECK_THROWS_AS(drnet::montage_svg(std::vector<drnet::MontageImage>{broken}), drnet::Error);
  CHECK_THROWS_AS(drnet::montage_svg({}, {.columns = 0}), drnet::Error);
  CHECK_THROWS_AS(drnet::montage_svg({}, {.side = 1 << 30}), drnet::Error);
  CHECK_THROWS_AS(drnet::montage_svg({}, {.per_group = 0}), drnet::Error);
}

TEST_CASE("montage files", "[montage]") {
  const support::TempDir folder;
  const std::vector<drnet::MontageImage> images{image(112, "a", "b")};
  drnet::write_montage_svg(images, folder / "m.svg");
  CHECK(drnet::read_text(folder / "m.svg") == drnet::montage_svg(images));
  CHECK_THROWS_AS(drnet::write_montage_svg(images, folder.path() / "no" / "m.svg"), drnet::Error);
}
