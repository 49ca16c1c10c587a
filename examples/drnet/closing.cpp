#include "closing.hpp"

#include "interrupt.hpp"
#include "minimum_resolution.hpp"
#include "progress.hpp"

namespace drnet::program {

void compare_with_chance_and_oracle(const Measured& measured, const Evaluation& chosen, const Teller& tell) {
  constexpr std::uint64_t kSeeds = 3;
  const ModelInfo& info = measured.model.info();
  const auto show = [](Progress& progress) {
    return [&progress](std::size_t images) {
      check_interrupt();
      progress.show(images);
    };
  };
  for (std::uint64_t k = 0; k < kSeeds; ++k) {
    Progress progress("chance", measured.pictures.size());
    Evaluation result =
        evaluate(measured.model, measured.policy,
                 {.router = RandomRouter{.seed = measured.seed + k, .shares = chosen.shares()}},
                 measured.pictures, {.batch = measured.batch}, show(progress));
    result.router = "random, seed " + std::to_string(measured.seed + k);
    tell(to_json(result), to_text(result, info.candidates));
  }
  Progress progress("analyzing", measured.pictures.size());
  const MinimumResolution counts =
      analyze_minimum_resolution(measured.model, measured.policy, {}, measured.pictures,
                                 {.batch = measured.batch, .seed = measured.seed}, show(progress))
          .counts;
  const auto choices = compare_choices(counts, info, chosen);
  tell(to_json(counts, choices, info), to_text(counts, choices, info.candidates));
}

}  // namespace drnet::program
