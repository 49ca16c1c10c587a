// Outputs of labelled images, batch by batch: every candidate and the predictor are asked once.
#pragma once

#include <drnet/inference/outputs.hpp>
#include <drnet/inference/session.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace drnet::inline DRNET_ISA {

/// Adds the images (planar, normalized, of any size) with their true classes to `to`, which is new or holds
/// batches of the same network. The session's router plays no part. Throws Error for labels that are not one
/// for each image, or out of range, and outputs of another network; `to` stays as it was then.
template <class Net>
void collect_outputs(const Session<Net>& session, const ImageBatch<float>& images,
                     std::span<const int> labels, typename Session<Net>::Workspace& workspace, Outputs& to) {
  static_assert(std::is_same_v<typename Net::Scalar, float>, "outputs are those of a network of floats");
  constexpr int m = Net::kCount, classes = Net::kClasses;
  if (labels.size() != static_cast<std::size_t>(images.count))
    throw Error("labels", std::to_string(images.count) + ", one for each image",
                std::to_string(labels.size()));
  for (const int label : labels)
    if (label < 0 || label >= classes)
      throw Error("labels", "0 to " + std::to_string(classes - 1), std::to_string(label));
  if (!to.labels.empty() && (to.candidates != m || to.classes != classes))
    throw Error("Outputs", std::to_string(m) + " candidates and " + std::to_string(classes) + " classes",
                std::to_string(to.candidates) + " and " + std::to_string(to.classes));
  std::vector<float> at_one(labels.size() * classes), all(labels.size() * m * classes), choices;
  for (int j = 0; j < m; ++j) {
    session.logits_at(j, images, at_one, workspace);
    for (std::size_t i = 0; i < labels.size(); ++i)
      std::copy_n(at_one.begin() + static_cast<std::ptrdiff_t>(i * classes), classes,
                  all.begin() + static_cast<std::ptrdiff_t>((i * m + static_cast<std::size_t>(j)) * classes));
  }
  if constexpr (Net::kHasPredictor) {
    choices.resize(labels.size() * m);
    session.predictor_logits(images, choices, workspace);
  }
  to.candidates = m;
  to.classes = classes;
  to.labels.insert(to.labels.end(), labels.begin(), labels.end());
  to.logits.insert(to.logits.end(), all.begin(), all.end());
  to.predictor.insert(to.predictor.end(), choices.begin(), choices.end());
}

}  // namespace drnet::inline DRNET_ISA
