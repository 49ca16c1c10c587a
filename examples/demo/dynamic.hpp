// Training of the dynamic network and of its chance twin; the constants of the recipe.
#pragma once

#include "demo.hpp"
#include "networks.hpp"

namespace demo {

constexpr double kStage1 = 0.75;  ///< share of the time for stage 1
constexpr double kHeldOut = 0.4;  ///< share of the pictures that only stage 2 sees
constexpr double kEta = 0.01;     ///< accuracy that the whole range of costs is worth
constexpr double kTarget = 0.75;  ///< share of the largest candidate's cost above which costs count

/// Stage 1: every picture at a candidate of its own. Stage 2: the predictor learns, from what each candidate
/// would have answered (an oracle's choice), which one is enough; the classifier rests. It learns from
/// pictures held back in stage 1: on those that taught the classifier, every candidate's answers are too
/// good.
void train_dynamic(Dynamic& net, const Pictures& train_set, double seconds);

/// The whole time for the classifier: a router that throws dice needs no training.
void train_for_dice(Dynamic& net, const Pictures& train_set, double seconds);

}  // namespace demo
