#include "engine/layers/batch_norm_folding.h"

#include <cassert>
#include <cmath>

namespace edge {

BatchNormParameters load_batch_norm(std::span<const ParameterSpec> parameters, const WeightSource& weights,
                                    double epsilon) {
  assert(parameters.size() == 4);
  return {.gamma = weights.load(parameters[0]),
          .beta = weights.load(parameters[1]),
          .mean = weights.load(parameters[2]),
          .variance = weights.load(parameters[3]),
          .epsilon = epsilon};
}

ChannelTransform channel_transform(const BatchNormParameters& norm) {
  ChannelTransform transform;
  for (std::size_t c = 0; c < norm.gamma.elements(); ++c) {
    const double scale =
        double{norm.gamma.values()[c]} / std::sqrt(double{norm.variance.values()[c]} + norm.epsilon);
    transform.scale.push_back(scale);
    transform.shift.push_back(double{norm.beta.values()[c]} - double{norm.mean.values()[c]} * scale);
  }
  return transform;
}

FoldedConvolution fold_batch_norm(const Array& weight, const Array& bias, const BatchNormParameters& norm,
                                  Tensor& scratch) {
  const ChannelTransform transform = channel_transform(norm);
  const std::size_t channels = transform.scale.size();
  assert(static_cast<std::size_t>(weight.shape()[0]) == channels);
  assert(bias.empty() || bias.elements() == channels);
  if (scratch.elements() < weight.elements()) scratch = Tensor({weight.shape().elements()});
  Tensor folded_weight(weight.shape(), scratch.data(), scratch.storage());
  Tensor folded_bias(norm.gamma.shape());
  const std::size_t per_channel = weight.elements() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = c * per_channel; i < (c + 1) * per_channel; ++i) {
      folded_weight.data()[i] = static_cast<float>(double{weight.values()[i]} * transform.scale[c]);
    }
    const double old_bias = bias.empty() ? 0.0 : double{bias.values()[c]};
    folded_bias.data()[c] = static_cast<float>(old_bias * transform.scale[c] + transform.shift[c]);
  }
  return {.weight = folded_weight, .bias = folded_bias};
}

}  // namespace edge
