// How the pictures of some weights are prepared: what their file says of mean, standard deviation and
// turning, so that nobody has to say it on the command line.
#pragma once

#include <drnet/data/augment.hpp>

#include <map>
#include <string>

namespace drnet::program {

/// What happens to a picture between the cut to the network's input and the network.
struct Preparation {
  Normalization normalization{};  ///< ImageNet's unless a file says otherwise
  bool half_turn = false;         ///< the picture is turned by 180 degrees

  [[nodiscard]] Transform operator()(Transform cut) const;
};

/// From the metadata of a weights file: "mean" and "std" (three numbers each, of samples in [0, 1]) and
/// "rotate180"
/// ("true" or "false", an explanation may follow). Throws Error at `place` for other values.
[[nodiscard]] Preparation preparation_of(const std::map<std::string, std::string>& metadata,
                                         const std::string& place);

/// The same as metadata; empty for the defaults.
[[nodiscard]] std::map<std::string, std::string> metadata_of(const Preparation& preparation);

}  // namespace drnet::program
