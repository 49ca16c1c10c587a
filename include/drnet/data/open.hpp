// Data sets named by one string, as on a command line. Folders of pictures need the component drnet::image,
// which defines DRNET_WITH_IMAGE.
#pragma once

#include <drnet/core/config.hpp>
#include <drnet/core/error.hpp>
#include <drnet/data/cifar10.hpp>
#include <drnet/data/dataset.hpp>
#include <drnet/data/idx.hpp>
#include <drnet/data/synthetic.hpp>
#ifdef DRNET_WITH_IMAGE
#include <drnet/data/image_folder.hpp>
#endif

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// The forms that open_dataset accepts, for messages and help texts. Paths cannot contain ':'.
inline constexpr std::string_view kDatasetForms =
    "synthetic[:IMAGES[:SIZE]], cifar10:DIR, idx:DIR or folder:DIR[:LIST[:CLASSES]]";

/// The fields between the colons of "kind:field:field"; the kind is field 0.
[[nodiscard]] inline std::vector<std::string> split_fields(std::string_view text) {
  std::vector<std::string> fields(1);
  for (const char c : text)
    if (c == ':')
      fields.emplace_back();
    else
      fields.back() += c;
  return fields;
}

/// A whole number without sign. Throws Error at `place` for anything else and for more than `limit`.
[[nodiscard]] inline std::size_t parse_count(const std::string& text, std::size_t limit,
                                             const std::string& place) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stopped != end || value > limit)
    throw Error(place, "a whole number up to " + std::to_string(limit), "'" + text + "'");
  return value;
}

/// synthetic: 10,000 pictures for training, 2,000 for testing unless IMAGES says otherwise; `seed` draws
/// them.
[[nodiscard]] inline std::unique_ptr<Dataset> open_synthetic(const std::vector<std::string>& fields,
                                                             Split split, std::uint64_t seed) {
  SyntheticOptions options{.seed = seed, .split = split};
  options.images = split == Split::train ? 10'000 : 2'000;
  if (fields.size() > 1)
    options.images = parse_count(fields[1], std::numeric_limits<std::uint32_t>::max(), "synthetic:IMAGES");
  if (fields.size() > 2)
    options.size = static_cast<int>(parse_count(fields[2], 1024, "synthetic:IMAGES:SIZE"));
  return std::make_unique<Synthetic>(options);
}

/// folder: all pictures of DIR, or those of LIST (either may be used for both splits: the caller names what
/// it wants).
[[nodiscard]] inline std::unique_ptr<Dataset> open_folder(
    [[maybe_unused]] const std::vector<std::string>& fields) {
#ifdef DRNET_WITH_IMAGE
  return std::make_unique<ImageFolder>(fields[1],
                                       ImageFolderOptions{.list = fields.size() > 2 ? fields[2] : "",
                                                          .classes = fields.size() > 3 ? fields[3] : ""});
#else
  throw Error("folder:DIR", "a build with the component drnet::image", "one without it");
#endif
}

/// Opens what `text` names (kDatasetForms). Throws Error listing those forms for any other text, and as the
/// data set's constructor.
[[nodiscard]] inline std::unique_ptr<Dataset> open_dataset(std::string_view text, Split split,
                                                           std::uint64_t seed = 0) {
  const auto fields = split_fields(text);
  const bool named = fields.size() > 1 && !fields[1].empty();  // there is a folder
  if (fields[0] == "synthetic" && fields.size() <= 3) return open_synthetic(fields, split, seed);
  if (fields[0] == "cifar10" && named && fields.size() == 2)
    return std::make_unique<Cifar10>(fields[1], split);
  if (fields[0] == "idx" && named && fields.size() == 2) return std::make_unique<Idx>(fields[1], split);
  if (fields[0] == "folder" && named && fields.size() <= 4) return open_folder(fields);
  throw Error("data set", std::string(kDatasetForms), "'" + std::string(text) + "'");
}

}  // namespace drnet::inline DRNET_ISA
