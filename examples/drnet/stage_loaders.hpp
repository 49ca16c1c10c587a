// The training pictures of each stage: the same for both, or, with --holdout, a part that only stage 2 sees.
#pragma once

#include "model.hpp"
#include "options.hpp"

#include <drnet/data/loader.hpp>

#include <memory>
#include <optional>

namespace drnet::program {

class StageLoaders {
 public:
  /// Throws Error where one of the stages would have no pictures.
  StageLoaders(std::shared_ptr<const Dataset> pictures, const TrainOptions& options, const ModelInfo& model);

  [[nodiscard]] const Loader& of(int stage) const { return stage == 2 && second_ ? *second_ : *first_; }
  /// Those of stage 1.
  [[nodiscard]] const Dataset& first_pictures() const { return *first_pictures_; }
  /// Stage 2's pictures to the last, where its epochs leave out an incomplete batch: to note answers of all.
  [[nodiscard]] const Loader& answers() const { return *answers_; }

 private:
  std::shared_ptr<const Dataset> first_pictures_, second_pictures_;
  std::optional<Loader> first_, second_, answers_;  // second_: where it differs
};

}  // namespace drnet::program
