// Batch norm at inference as arithmetic on parameters. Pure functions, callable from any thread. Internal to
// the engine.
#pragma once

#include <span>
#include <vector>

#include "engine/layer.h"
#include "engine/tensor.h"
#include "engine/weights.h"

namespace edge {

/// All of shape {channels}.
struct BatchNormParameters {
  Array gamma, beta, mean, variance;
  double epsilon = 1e-5;
};

/// `parameters`: weight, bias, running_mean, running_var.
BatchNormParameters load_batch_norm(std::span<const ParameterSpec> parameters, const WeightSource& weights,
                                    double epsilon);

/// out = scale[channel] * in + shift[channel]
struct ChannelTransform {
  std::vector<double> scale;  ///< gamma / sqrt(variance + epsilon)
  std::vector<double> shift;  ///< beta - mean * scale
};
ChannelTransform channel_transform(const BatchNormParameters& norm);

struct FoldedConvolution {
  Array weight;
  Array bias;
};
/// The convolution that does what one with `weight` (out_channels x ...) and `bias` ({out_channels}, or empty
/// for none) and the batch norm behind it do together. Computed in double precision and rounded once. Works
/// for a linear layer's weights, too. The result's weight lies in `scratch`, which is replaced if it is too
/// small: valid until its next use.
FoldedConvolution fold_batch_norm(const Array& weight, const Array& bias, const BatchNormParameters& norm,
                                  Tensor& scratch);

}  // namespace edge
