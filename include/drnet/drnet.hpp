// drnet: dynamic-resolution image classification on CPUs. This header brings everything that needs Eigen,
// xtensor, Random123 and nlohmann-json only; <drnet/data/image_folder.hpp>, <drnet/data/decode.hpp> and
// <drnet/data/open.hpp> need libjpeg and libpng (component drnet::image), <drnet/io/onnx.hpp> needs libonnx
// and protobuf (component drnet::onnx).
#pragma once

#include <drnet/core/error.hpp>
#include <drnet/core/parallel.hpp>
#include <drnet/core/random.hpp>
#include <drnet/core/simd.hpp>
#include <drnet/core/statistics.hpp>
#if DRNET_WITH_OPENMP
#include <drnet/core/openmp.hpp>
#endif
#if DRNET_WITH_TBB
#include <drnet/core/tbb.hpp>
#endif

#include <drnet/tensor/buffer.hpp>
#include <drnet/tensor/eigen.hpp>
#include <drnet/tensor/expression.hpp>
#include <drnet/tensor/feature_map.hpp>
#include <drnet/tensor/image_batch.hpp>
#include <drnet/tensor/shape.hpp>
#include <drnet/tensor/xtensor.hpp>

#include <drnet/layers/activation.hpp>
#include <drnet/layers/batch_norm.hpp>
#include <drnet/layers/conv2d.hpp>
#include <drnet/layers/dropout.hpp>
#include <drnet/layers/hard_swish.hpp>
#include <drnet/layers/inverted_residual.hpp>
#include <drnet/layers/linear.hpp>
#include <drnet/layers/network.hpp>
#include <drnet/layers/pooling.hpp>
#include <drnet/layers/relu.hpp>
#include <drnet/layers/residual.hpp>
#include <drnet/layers/sequential.hpp>
#include <drnet/layers/sigmoid.hpp>
#include <drnet/layers/silu.hpp>
#include <drnet/layers/squeeze_excite.hpp>
#include <drnet/layers/stochastic_depth.hpp>

#include <drnet/models/cifar_resnet.hpp>
#include <drnet/models/efficientnet.hpp>
#include <drnet/models/mobile_predictor.hpp>
#include <drnet/models/mobilenet_v2.hpp>
#include <drnet/models/resnet.hpp>
#include <drnet/models/resolution_predictor.hpp>

#include <drnet/dynamic/dynamic_network.hpp>
#include <drnet/dynamic/flops_loss.hpp>
#include <drnet/dynamic/gumbel.hpp>
#include <drnet/dynamic/image_scaler.hpp>
#include <drnet/dynamic/inherit.hpp>
#include <drnet/dynamic/resolutions.hpp>
#include <drnet/dynamic/router.hpp>

#include <drnet/training/collapse.hpp>
#include <drnet/training/cross_entropy.hpp>
#include <drnet/training/distillation.hpp>
#include <drnet/training/dynamic_step.hpp>
#include <drnet/training/gradient_check.hpp>
#include <drnet/training/joint_options.hpp>
#include <drnet/training/lbfgs.hpp>
#include <drnet/training/linear_probe.hpp>
#include <drnet/training/schedule.hpp>
#include <drnet/training/sgd.hpp>
#include <drnet/training/trainer.hpp>
#include <drnet/training/trainer_options.hpp>

#include <drnet/inference/budget.hpp>
#include <drnet/inference/budget_search.hpp>
#include <drnet/inference/calibration.hpp>
#include <drnet/inference/choice_rule.hpp>
#include <drnet/inference/collect_outputs.hpp>
#include <drnet/inference/confidence.hpp>
#include <drnet/inference/cross_fit.hpp>
#include <drnet/inference/measured_cost.hpp>
#include <drnet/inference/minimum_resolution.hpp>
#include <drnet/inference/outputs.hpp>
#include <drnet/inference/routed_answers.hpp>
#include <drnet/inference/session.hpp>
#include <drnet/inference/session_workspace.hpp>

#include <drnet/data/augment.hpp>
#include <drnet/data/cifar10.hpp>
#include <drnet/data/dataset.hpp>
#include <drnet/data/idx.hpp>
#include <drnet/data/in_memory.hpp>
#include <drnet/data/loader.hpp>
#include <drnet/data/preparation.hpp>
#include <drnet/data/subset.hpp>
#include <drnet/data/synthetic.hpp>

#include <drnet/io/checkpoint.hpp>
#include <drnet/io/log.hpp>
#include <drnet/io/npy.hpp>
#include <drnet/io/report.hpp>
#include <drnet/io/report_from_logs.hpp>
#include <drnet/io/report_markdown.hpp>
#include <drnet/io/safetensors.hpp>
#include <drnet/io/weights.hpp>

#include <drnet/official_code.hpp>
