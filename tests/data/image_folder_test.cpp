// Folders of pictures and lists: classes, order, and what is refused.
#include <drnet/data/image_folder.hpp>

#include <support/catch.hpp>
#include <support/reference.hpp>
#include <support/temp_dir.hpp>

#include "pictures.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace {

using drnet::ImageFolder, drnet::ImageFolderOptions;

/// images/{cat,dog}: a.jpg, B.JPEG, c.png, and a text file that is no picture.
struct Pets {
  support::TempDir root;
  std::filesystem::path images = root / "images";
  Pets() {
    for (const char* name : {"images", "images/dog", "images/cat", "images/.cache"})
      std::filesystem::create_directory(root / name);
    root.write("images/cat/c.png", support::encode_png(support::gradient(3, 4, 1)));
    root.write("images/cat/a.jpg", support::encode_jpeg(support::gradient(5, 6, 3)));
    root.write("images/dog/B.JPEG", support::encode_jpeg(support::gradient(7, 8, 3)));
    root.write("images/dog/notes.txt", "no picture");
  }
  [[nodiscard]] ImageFolder listed(const std::string& lines) const {
    return ImageFolder(images, {.list = root.write("list.txt", lines), .classes = {}});
  }
  [[nodiscard]] std::string error_of_list(const std::string& lines) const {
    try {
      (void)listed(lines).size();
    } catch (const drnet::Error& e) {
      return e.what();
    }
    return {};
  }
};

std::string error_of(const std::filesystem::path& folder, const ImageFolderOptions& options = {}) {
  try {
    const ImageFolder set(folder, options);
  } catch (const drnet::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("image folder: classes and pictures sorted by name", "[image_folder]") {
  const Pets pets;
  const ImageFolder set(pets.images);
  REQUIRE(set.size() == 3);
  CHECK(set.class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(set.describe(0) == "cat/a.jpg");
  CHECK(set.describe(1) == "cat/c.png");
  CHECK(set.describe(2) == "dog/B.JPEG");
  CHECK(set.label(1) == 0);
  CHECK(set.label(2) == 1);
  CHECK(set.image(1).channels == 1);
  CHECK(set.image(2).width == 8);
  CHECK_THROWS_AS(set.image(3), drnet::Error);
}

TEST_CASE("image folder: a list chooses pictures and their order, never the classes", "[image_folder]") {
  const Pets pets;
  const ImageFolder set = pets.listed("dog/B.JPEG\r\n\n  \ncat/c.png");
  REQUIRE(set.size() == 2);
  CHECK(set.class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(set.label(0) == 1);
  CHECK(set.image(0).height == 7);
  CHECK(set.label(1) == 0);
  CHECK(pets.listed("dog/B.JPEG\n").label(0) == 1);
}

TEST_CASE("image folder: a class file fixes labels and titles", "[image_folder]") {
  const Pets pets;
  const auto classes = pets.root.write("classes.txt", "horse a horse\ndog a good dog\ncat\n");
  const ImageFolder set(pets.images, {.list = {}, .classes = classes});
  CHECK(set.class_names() == std::vector<std::string>{"a horse", "a good dog", "cat"});
  CHECK(set.describe(0) == "cat/a.jpg");
  CHECK(set.label(0) == 2);
  CHECK(set.label(2) == 1);
  pets.root.write("classes.txt", "cat\ncat\n");
  CHECK_THAT(error_of(pets.images, {.list = {}, .classes = classes}),
             support::contains("classes.txt, line 2"));
  pets.root.write("classes.txt", "horse\n");
  CHECK_THAT(error_of(pets.images, {.list = {}, .classes = classes}),
             support::contains("folders of the classes"));
}

TEST_CASE("image folder: wrong lists are named by file and line", "[image_folder]") {
  using support::contains;
  const Pets pets;
  CHECK_THAT(pets.error_of_list(""), contains("an empty file"));
  CHECK_THAT(pets.error_of_list("\n\n"), contains("only blank lines"));
  CHECK_THAT(pets.error_of_list("cat/a.jpg\ncat/absent.jpg\n"), contains("list.txt, line 2"));
  CHECK_THAT(pets.error_of_list("cat/a.jpg\n\ncat/absent.jpg\n"), contains("line 3: expected a picture"));
  CHECK_THAT(pets.error_of_list("cow/a.jpg\n"),
             contains("list.txt, line 1: expected class/file with a class of"));
  CHECK_THAT(pets.error_of_list("a.jpg\n"), contains("class/file"));
  CHECK_THAT(pets.error_of_list("cat\n"), contains("class/file"));
  CHECK_THAT(pets.error_of_list("cat/\n"), contains("not there"));
  CHECK_THAT(pets.error_of_list("../images/cat/a.jpg\n"), contains("class/file"));
  CHECK_THAT(pets.error_of_list("cat/" + std::string(5000, 'x') + "\n"), contains("not there"));
  CHECK_THAT(error_of(pets.images, {.list = pets.root / "absent.txt", .classes = {}}),
             contains("absent.txt"));
}

TEST_CASE("image folder: missing and empty folders", "[image_folder]") {
  using support::contains;
  const support::TempDir root;
  CHECK_THAT(error_of(root / "absent"), contains("nothing there"));
  CHECK_THAT(error_of(root.path()), contains("one sub-folder per class"));
  CHECK_THAT(error_of(root.write("file", "x")), contains("expected a folder, got a file"));
  std::filesystem::create_directory(root / "cat");
  CHECK_THAT(error_of(root.path()), contains("pictures (.jpg, .jpeg, .png)"));
}

TEST_CASE("image folder: a file that is no picture is named when it is read", "[image_folder]") {
  const Pets pets;
  pets.root.write("images/cat/b.jpg", "this is text");
  const auto half = support::encode_jpeg(support::gradient(64, 64, 3));
  pets.root.write("images/cat/d.jpg", half.substr(0, half.size() / 2));
  const ImageFolder set(pets.images);
  REQUIRE(set.describe(1) == "cat/b.jpg");
  REQUIRE(set.describe(3) == "cat/d.jpg");
  for (const std::size_t index : {std::size_t{1}, std::size_t{3}}) try {
      (void)set.image(index);
      FAIL("no error");
    } catch (const drnet::Error& e) {
      CHECK_THAT(e.place(), support::contains(set.describe(index)));
    }
}

TEST_CASE("image folder: training and validation lists of a real set agree", "[image_folder]") {
  const auto data = support::reference_or_skip("data");
  if (!data) return;
  const auto root = *data / "caltech101";
  const ImageFolder all(root / "images");
  const ImageFolder train(root / "images", {.list = root / "train.txt", .classes = {}});
  const ImageFolder val(root / "images", {.list = root / "val.txt", .classes = {}});
  CHECK(train.class_names() == val.class_names());
  CHECK(train.size() + val.size() == all.size());
  std::set<std::string> seen;
  for (const ImageFolder* set : {&train, &val})
    for (std::size_t i = 0; i < set->size(); ++i) {
      seen.insert(set->describe(i));
      const auto& name = set->class_names()[static_cast<std::size_t>(set->label(i))];
      if (!set->describe(i).starts_with(name + "/")) FAIL(set->describe(i) << " has label " << name);
    }
  CHECK(seen.size() == all.size());
  CHECK(val.image(0).pixels.size() > 0);
}
