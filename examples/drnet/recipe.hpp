// The training recipe (METHOD) that the options describe: what the trainer of each stage is told, and what
// identifies a run.
#pragma once

#include "costs.hpp"
#include "model.hpp"
#include "options.hpp"

namespace drnet::program {

/// Epochs of stage 1 (classifier at every candidate) and stage 2 (with predictor).
struct Epochs {
  int stage1 = 0, stage2 = 0;
  [[nodiscard]] int of(int stage) const { return stage == 1 ? stage1 : stage2; }
};

/// Puts the paper's recipe in the place of ours: stage 1 adds the losses of all candidates up, in stage 2
/// both networks learn, by the sparse gradient.
void use_papers_recipe(TrainOptions& options);

/// The options of one stage. Throws Error for values without a meaning.
[[nodiscard]] TrainerOptions trainer_options(const TrainOptions& options, const Costs& costs, int stage,
                                             const Epochs& epochs);

/// Whether a predictor that nobody has trained begins with layers of the classifier (dynamic/inherit.hpp).
/// Throws Error for another word.
[[nodiscard]] bool inherits(const TrainOptions& options);

/// Views of its pictures whose answers the stage notes before its first epoch (Trainer::note_errors).
[[nodiscard]] int views_to_note(const TrainOptions& options, const TrainerOptions& trainer);

/// Whether batch norms are measured anew as `stage` ends: where it trained the classifier, unless stage 2
/// trains it on and nothing reads their means before. In a run of no epochs: at once, in stage 1.
[[nodiscard]] bool recalibrates(const TrainOptions& options, const Epochs& epochs, int stage);

/// Everything that decides the bits of a run but its length (threads and backend do not). `fingerprints`: of
/// the files and pictures that the options name (fingerprint.hpp).
[[nodiscard]] Metadata identity(const TrainOptions& options, const ModelInfo& model, const Costs& costs,
                                const Metadata& fingerprints);

/// Throws Error naming the first value of `identity` that the checkpoint `place` has not, or has otherwise.
void check_same_run(const Metadata& identity, const Metadata& checkpoint, const std::string& place);

}  // namespace drnet::program
