// What a weights file says about its pictures, read, written and applied.
#include <support/catch.hpp>

#include <drnet/data/preparation.hpp>

namespace {

using namespace drnet;
using Metadata = std::map<std::string, std::string>;

std::string error_of(const Metadata& metadata) {
  try {
    static_cast<void>(preparation_of(metadata, "w.safetensors"));
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("A file that says nothing means ImageNet's normalization") {
  const Preparation usual = preparation_of({{"model", "resnet20"}}, "w.safetensors");
  CHECK(usual.normalization.mean == Normalization{}.mean);
  CHECK(usual.normalization.deviation == Normalization{}.deviation);
  CHECK_FALSE(usual.half_turn);
  CHECK(metadata_of(usual) ==
        Metadata{{"mean", "0.485 0.456 0.406"}, {"std", "0.229 0.224 0.225"}, {"rotate180", "false"}});
}

TEST_CASE("Mean, deviation and turning are read, written back and applied in this order") {
  const Preparation preparation =
      preparation_of({{"mean", "0.5 0.25 0.1"}, {"std", "0.5 2 1"}, {"rotate180", "true: padded at the end"}},
                     "w.safetensors");
  const Preparation again = preparation_of(metadata_of(preparation), "again");
  CHECK(again.normalization.mean == preparation.normalization.mean);
  CHECK(again.normalization.deviation == preparation.normalization.deviation);
  CHECK(again.half_turn);

  const Image image{1, 2, 3, {255, 0, 0, 0, 0, 255}};  // a red and a blue pixel
  const Picture picture = preparation(Transform{})(image, Random(0, Purpose::augmentation));
  CHECK(picture(0, 0, 1) == Approx(1));  // (1 - 0.5) / 0.5, turned to the end
  CHECK(picture(0, 0, 0) == Approx(-1));
  CHECK(picture(1, 0, 0) == Approx(-0.125));
  CHECK(picture(2, 0, 0) == Approx(0.9));
  CHECK(picture(2, 0, 1) == Approx(-0.1));
}

TEST_CASE("Values that prepare no picture are errors that name the file and the field") {
  CHECK(error_of({{"mean", "0.5 0.5"}}) == "w.safetensors, mean: expected three numbers, got '0.5 0.5'");
  CHECK(error_of({{"mean", "a b c"}}) == "w.safetensors, mean: expected three numbers, got 'a b c'");
  CHECK(error_of({{"std", "1 1 0"}}) == "w.safetensors, std: expected three numbers above 0, got '1 1 0'");
  CHECK(error_of({{"std", "1 1 1 1"}}) ==
        "w.safetensors, std: expected three numbers above 0, got '1 1 1 1'");
  CHECK(error_of({{"rotate180", "maybe"}}) ==
        "w.safetensors, rotate180: expected true or false, got 'maybe'");
}
