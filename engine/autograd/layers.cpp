#include "engine/autograd/layers.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/autograd/dropout.h"
#include "engine/autograd/matrix.h"
#include "engine/error.h"

namespace edge::autograd {
namespace {

float initial_bound(std::int64_t fan_in) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(fan_in, 1))));
}

Tensor filled(const Shape& shape, float value) {
  Tensor tensor(shape);
  std::fill(tensor.values().begin(), tensor.values().end(), value);
  return tensor;
}

}  // namespace

Linear::Linear(Context& context, std::int64_t in_features, std::int64_t out_features, Generator& generator,
               bool bias) {
  const float bound = initial_bound(in_features);
  weight_ =
      register_parameter("weight", context, uniform_tensor({out_features, in_features}, bound, generator));
  if (bias) bias_ = register_parameter("bias", context, uniform_tensor({out_features}, bound, generator));
}

Variable Linear::forward(const Variable& x) {
  return linear(x, weight_, bias_);
}

Conv2d::Conv2d(Context& context, std::int64_t in_channels, std::int64_t out_channels, const Extent2d& kernel,
               const Conv2dOptions& options, Generator& generator, bool bias, Initial initial)
    : options_(options) {
  if (options.groups < 1 || in_channels % options.groups != 0 || out_channels % options.groups != 0) {
    throw Error("conv2d: " + std::to_string(in_channels) + " and " + std::to_string(out_channels) +
                " channels do not divide into " + std::to_string(options.groups) + " groups");
  }
  const Shape shape{out_channels, in_channels / options.groups, kernel.rows, kernel.columns};
  const float bound = initial_bound(shape[1] * shape[2] * shape[3]);
  const bool he = initial == Initial::he;
  const float weight_bound = he ? bound * std::sqrt(6.0F) : bound;
  weight_ = register_parameter("weight", context, uniform_tensor(shape, weight_bound, generator));
  if (!bias) return;
  bias_ = register_parameter(
      "bias", context, he ? filled({out_channels}, 0) : uniform_tensor({out_channels}, bound, generator));
}

Variable Conv2d::forward(const Variable& x) {
  return conv2d(x, weight_, bias_, options_);
}

BatchNorm::BatchNorm(Context& context, std::int64_t channels, const BatchNormOptions& options)
    : options_(options),
      weight_(register_parameter("weight", context, filled({channels}, 1))),
      bias_(register_parameter("bias", context, filled({channels}, 0))),
      running_mean_(register_buffer("running_mean", filled({channels}, 0))),
      running_variance_(register_buffer("running_var", filled({channels}, 1))) {}

Variable BatchNorm::forward(const Variable& x) {
  if (training()) return batch_norm_training(x, weight_, bias_, running_mean_, running_variance_, options_);
  return batch_norm_evaluation(x, weight_, bias_, running_mean_, running_variance_, options_);
}

Variable Dropout::forward(const Variable& x) {
  return training() ? dropout(x, probability_, generator_) : x;
}

Sequential& Sequential::append(std::unique_ptr<Module> module) {
  module->set_training(training());
  register_module(std::to_string(modules_.size()), *module);
  modules_.push_back(std::move(module));
  return *this;
}

Variable Sequential::forward(const Variable& x) {
  Variable result = x;
  for (const auto& module : modules_) result = module->forward(result);
  return result;
}

}  // namespace edge::autograd
