// The evaluation code that the authors of DRNet published (MindSpore model zoo) departs from their paper.
// Each departure is an option of its own, the default follows the paper, and this struct has all of them
// switched to the published code's side:
//
//     const drnet::OfficialCode official;
//     drnet::load(net, "dr_resnet50.safetensors", official.load);
//     drnet::Session session(net, policy, official.session);
#pragma once

#include <drnet/inference/session.hpp>
#include <drnet/io/weights.hpp>
#include <drnet/training/dynamic_step.hpp>

namespace drnet::inline DRNET_ISA {

struct OfficialCode {
  /// MindSpore's names; projection shortcuts use bank 0 at every resolution.
  LoadOptions load{.names = WeightNames::mindspore, .projections_use_bank_0 = true};
  /// Gumbel noise at evaluation, whose tau has no effect; resizes of the normalized crop without half-pixel
  /// centres and antialias; every resolution computed, then masked.
  SessionOptions session{.router = GumbelRouter{}, .resampling = Resampling::asymmetric, .compute_all = true};
  /// No gradient through the choice. The published code does not train: nothing above depends on this.
  JointOptions joint{.straight_through = false};
};

}  // namespace drnet::inline DRNET_ISA
