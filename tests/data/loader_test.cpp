// The loader: order, bits, threads, resuming, errors; and data sets opened by name.
#include <drnet/data/loader.hpp>
#include <drnet/data/open.hpp>

#include <support/catch.hpp>
#include <support/temp_dir.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using drnet::Batch, drnet::Image, drnet::Loader, drnet::LoaderOptions, drnet::Split;

/// Pictures of one pixel whose value is their index; some fail, and some are of another size.
class Numbers final : public drnet::Dataset {
 public:
  explicit Numbers(std::size_t size) : size_(size) {}
  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return names_; }
  [[nodiscard]] int label(std::size_t index) const override { return static_cast<int>(index % 3); }
  [[nodiscard]] std::string describe(std::size_t index) const override {
    return "number " + std::to_string(index);
  }
  [[nodiscard]] Image image(std::size_t index) const override {
    ++reads;
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(1 + index % 3));
    if (index == broken) throw drnet::Error(describe(index), "a picture", "none");
    if (index == foreign) throw std::runtime_error("not ours");
    const int side = index == wide ? 2 : 1;
    return {
        side, side, 1,
        std::vector<std::uint8_t>(static_cast<std::size_t>(side * side), static_cast<std::uint8_t>(index))};
  }
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t broken = kNone, wide = kNone, foreign = kNone;
  bool slow = false;
  mutable std::atomic<int> reads = 0;

 private:
  std::size_t size_;
  std::vector<std::string> names_{"a", "b", "c"};
};

std::vector<std::size_t> indices_of(const Loader& loader, std::uint32_t epoch, std::size_t first_batch = 0) {
  std::vector<std::size_t> indices;
  for (const Batch& batch : loader.epoch(epoch, first_batch))
    indices.insert(indices.end(), batch.indices.begin(), batch.indices.end());
  return indices;
}

std::string error_of(const Loader& loader) {
  try {
    (void)indices_of(loader, 0);
  } catch (const drnet::Error& e) {
    return e.what();
  }
  return {};
}

/// The error of opening `text`; empty when it opens.
std::string open_error(const std::string& text) {
  try {
    (void)drnet::open_dataset(text, Split::train);
  } catch (const drnet::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("loader: batches hold pictures, labels and indices that belong together", "[loader]") {
  const Numbers set(10);
  const Loader loader(set, {}, {.batch = 4, .shuffle = true, .threads = 2});
  CHECK(loader.batches() == 3);
  std::vector<std::size_t> sizes;
  for (Batch& batch : loader.epoch(1)) {
    sizes.push_back(batch.indices.size());
    REQUIRE(batch.images.shape() == std::array<std::size_t, 4>{batch.indices.size(), 3, 1, 1});
    const drnet::ImageBatch<float> view = batch.view();
    CHECK(view.count == static_cast<drnet::Index>(batch.indices.size()));
    CHECK(view.image_size() == 3);
    CHECK(view.image(view.count - 1)[2] == batch.images(batch.indices.size() - 1, 2, 0, 0));
    for (std::size_t i = 0; i < batch.indices.size(); ++i) {
      CHECK(batch.labels[i] == static_cast<int>(batch.indices[i] % 3));
      CHECK(batch.images(i, 2, 0, 0) == static_cast<float>(batch.indices[i]) / 255.0F);
    }
  }
  CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
  const Loader dropping(set, {}, {.batch = 4, .drop_last = true});
  CHECK(dropping.batches() == 2);
  CHECK(indices_of(dropping, 0).size() == 8);
}

TEST_CASE("loader: every epoch is another permutation, a function of seed and epoch", "[loader]") {
  const Numbers set(100);
  const Loader loader(set, {}, {.batch = 7, .seed = 5}), same(set, {}, {.batch = 7, .seed = 5}),
      other(set, {}, {.batch = 7, .seed = 6}), plain(set, {}, {.batch = 7, .shuffle = false});
  auto order = indices_of(loader, 3);
  CHECK(order == loader.order(3));
  CHECK(order == indices_of(same, 3));
  CHECK(order != indices_of(loader, 4));
  CHECK(order != indices_of(other, 3));
  const auto sorted = indices_of(plain, 3);
  CHECK(std::ranges::is_sorted(sorted));
  CHECK(order != sorted);
  std::ranges::sort(order);
  CHECK(order == sorted);
}

TEST_CASE("loader: the number of threads changes no bit", "[loader]") {
  const drnet::Synthetic set({.images = 60});
  const auto transform = drnet::train_transform({.size = 32, .crop = drnet::PaddedCrop{4}});
  const auto all = [&](int threads, std::size_t prefetch) {
    const Loader loader(set, transform, {.batch = 8, .seed = 2, .threads = threads, .prefetch = prefetch});
    std::vector<float> samples;
    for (const Batch& batch : loader.epoch(1))
      samples.insert(samples.end(), batch.images.begin(), batch.images.end());
    return samples;
  };
  const auto expected = all(0, 1);
  CHECK(expected.size() == 60 * 3 * 32 * 32);
  CHECK(all(1, 1) == expected);
  CHECK(all(2, 3) == expected);
  CHECK(all(5, 20) == expected);
}

TEST_CASE("loader: an epoch resumes in the middle", "[loader]") {
  const Numbers set(50);
  const Loader loader(set, {}, {.batch = 8});
  const auto whole = indices_of(loader, 2);
  CHECK(indices_of(loader, 2, 3) == std::vector<std::size_t>(whole.begin() + 24, whole.end()));
  CHECK(indices_of(loader, 2, loader.batches()).empty());
  CHECK_THROWS_AS(loader.epoch(2, loader.batches() + 1), drnet::Error);
}

TEST_CASE("loader: never more than prefetch batches ahead", "[loader]") {
  const Numbers set(100);
  const Loader loader(set, {}, {.batch = 5, .threads = 2, .prefetch = 3});
  {
    auto epoch = loader.epoch(0);
    REQUIRE(epoch.next().has_value());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(set.reads <= 4 * 5);
  }
  CHECK(set.reads <= 4 * 5);
}

TEST_CASE("loader: leaving an epoch early stops its threads", "[loader]") {
  Numbers set(200);
  set.slow = true;
  const Loader loader(set, {}, {.batch = 50, .threads = 3, .prefetch = 4});
  const int before = set.reads;
  { auto unread = loader.epoch(0); }
  for (const Batch& batch : loader.epoch(1)) {
    CHECK(batch.indices.size() == 50);
    break;
  }
  const int after = set.reads;
  CHECK(after > before);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(set.reads == after);
}

TEST_CASE("loader: an error comes out where it belongs, the same for any number of threads", "[loader]") {
  Numbers set(40);
  set.broken = 17;
  for (const int threads : {0, 1, 3}) {
    const Loader loader(set, {}, {.batch = 4, .shuffle = false, .threads = threads, .prefetch = 5});
    auto epoch = loader.epoch(0);
    for (int i = 0; i < 4; ++i) REQUIRE(epoch.next().has_value());
    try {
      (void)epoch.next();
      FAIL("no error");
    } catch (const drnet::Error& e) {
      CHECK(e.place() == "number 17");
      CHECK(e.got() == "none");
    }
    CHECK(!epoch.next().has_value());
  }
  set.broken = Numbers::kNone;
  set.foreign = 5;
  const Loader loader(set, {}, {.batch = 4});
  CHECK_THROWS_AS(indices_of(loader, 0), std::runtime_error);
}

TEST_CASE("loader: pictures that do not fit together, or not the transform, are named", "[loader]") {
  Numbers set(9);
  set.wide = 4;
  CHECK_THAT(error_of(Loader(set, {}, {.batch = 3, .shuffle = false})),
             support::contains("number 4: expected a transformed picture of 3 x 3 x 1 x 1"));
  CHECK_THAT(error_of(Loader(set, {drnet::center_crop(2)}, {.batch = 3, .shuffle = false})),
             support::contains("number 0, center_crop: expected a picture of at least 2 x 2, got 1 x 1"));
}

TEST_CASE("loader: options out of range and an empty set", "[loader]") {
  const Numbers set(3), empty(0);
  CHECK_THROWS_AS(Loader(empty, {}, {}), drnet::Error);
  CHECK_THROWS_AS(Loader(set, {}, {.batch = 0}), drnet::Error);
  CHECK_THROWS_AS(Loader(set, {}, {.prefetch = 0}), drnet::Error);
  CHECK_THROWS_AS(Loader(set, {}, {.threads = -1}), drnet::Error);
  CHECK_THROWS_AS(Loader(set, {}, {.batch = 4, .drop_last = true}), drnet::Error);
}

TEST_CASE("data sets are opened by name", "[open]") {
  const auto train = drnet::open_dataset("synthetic", Split::train, 4);
  const auto test = drnet::open_dataset("synthetic", Split::test, 4);
  CHECK(train->size() == 10'000);
  CHECK(test->size() == 2'000);
  CHECK(train->image(0).pixels != test->image(0).pixels);
  const auto small = drnet::open_dataset("synthetic:20:48", Split::train, 4);
  CHECK(small->size() == 20);
  CHECK(small->image(0).width == 48);

  const support::TempDir folder;
  folder.write("test_batch.bin", std::string(3073, '\1'));
  CHECK(drnet::open_dataset("cifar10:" + folder.path().string(), Split::test)->size() == 1);
  CHECK_THAT(open_error("cifar10:" + folder.path().string()), support::contains("data_batch_1.bin"));
  CHECK_THAT(open_error("idx:" + folder.path().string()), support::contains("train-images-idx3-ubyte"));
}

TEST_CASE("names that open nothing are told the accepted forms", "[open]") {
  for (const std::string text :
       {"", "imagenet", "cifar10", "cifar10:", "folder:", "idx:a:b", "folder:a:b:c:d", "synthetic:1:2:3"})
    CHECK_THAT(open_error(text), support::contains(std::string(drnet::kDatasetForms)));
  CHECK_THAT(open_error("synthetic:many"), support::contains("a whole number"));
  CHECK_THAT(open_error("synthetic:-5"), support::contains("a whole number"));
  CHECK_THAT(open_error("synthetic:99999999999999999999999"), support::contains("a whole number"));
  CHECK_THAT(open_error("synthetic:0"), support::contains("images"));
  CHECK_THAT(open_error("synthetic:10:4"), support::contains("size"));
  CHECK_THAT(open_error("cifar10:/no/such/folder"), support::contains("nothing there"));
}

#ifdef DRNET_WITH_IMAGE
TEST_CASE("a folder of pictures is opened by name", "[open]") {
  const support::TempDir root;
  std::filesystem::create_directory(root / "cat");
  root.write("cat/a.jpg", "decoded later");
  root.write("cat/b.jpg", "decoded later");
  const auto list = root.write("list.txt", "cat/b.jpg\n"), classes = root.write("classes.txt", "dog\ncat\n");
  const std::string folder = "folder:" + root.path().string();
  CHECK(drnet::open_dataset(folder, Split::train)->size() == 2);
  CHECK(drnet::open_dataset(folder + ":" + list.string(), Split::train)->describe(0) == "cat/b.jpg");
  CHECK(drnet::open_dataset(folder + "::" + classes.string(), Split::train)->label(0) == 1);
  CHECK_THAT(open_error("folder:/no/such/folder"), support::contains("nothing there"));
}
#endif
