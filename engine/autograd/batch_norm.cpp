#include "engine/autograd/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/autograd/dimension.h"
#include "engine/autograd/lane_sum.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge::autograd {
namespace {

/// x as images x channels x pixels.
Along check_normalization(const Variable& x, const Variable& weight, const Variable& bias,
                          const Tensor& running_mean, const Tensor& running_variance) {
  const Shape& shape = x.shape();
  if (shape.rank() < 2) throw Error("batch_norm: an input of " + shape.to_string() + " has no channels");
  const Shape channels{shape[1]};
  const auto check = [&](const char* what, const Shape& given) {
    if (given == channels) return;
    throw Error(std::string("batch_norm: ") + what + " of " + given.to_string() + " for an input of " +
                shape.to_string());
  };
  check("a weight", weight.shape());
  check("a bias", bias.shape());
  if (!running_mean.empty()) check("a running mean", running_mean.shape());
  if (!running_variance.empty()) check("a running variance", running_variance.shape());
  return along(shape, 1);
}

struct Moments {
  double mean = 0, variance = 0;  ///< biased
};

Moments moments(const float* x, const Along& size, std::int64_t channel) {
  Moments result;
  const auto count = static_cast<double>(size.outer * size.inner);
  const auto sum_over_planes = [&](const auto& term) {
    double sum = 0;
    for (std::int64_t image = 0; image < size.outer; ++image) {
      const float* const plane = x + (image * size.extent + channel) * size.inner;
      sum += sum_in_lanes(size.inner, [&](std::int64_t i) { return term(double{plane[i]}); });
    }
    return sum;
  };
  const double mean = sum_over_planes([](double value) { return value; }) / count;
  result.mean = mean;
  result.variance = sum_over_planes([mean](double value) { return (value - mean) * (value - mean); }) / count;
  return result;
}

/// task(channel) for all channels, on all threads.
template <class Task>
void for_channels(const Context& context, const Along& size, const Task& task) {
  const std::int64_t grain = 16 * 1024 / std::max<std::int64_t>(size.outer * size.inner, 1) + 1;
  parallel_ranges(context.pool(), size.extent, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t channel = begin; channel < end; ++channel) task(channel);
  });
}

/// Per channel: normalised = (x - mean) * scale.
struct Normalisation {
  std::vector<float> mean, scale;
  bool from_batch = false;  ///< mean and scale depend on x
};

/// The output and its gradients. With y = weight * n + bias, n = (x - mean) * scale and g = dLoss/dy:
/// dweight = sum(g * n), dbias = sum(g), dx = weight * scale * g if the statistics are constants, else
/// dx = weight * scale * (g - mean(g) - n * mean(g * n)) (Ioffe and Szegedy 2015, section 3, simplified).
Variable normalise(const Variable& x, const Variable& weight, const Variable& bias, const Along& size,
                   Normalisation by) {
  Tensor out(x.shape());
  for_channels(x.context(), size, [&, from = x.value().data(), to = out.data()](std::int64_t channel) {
    const auto c = static_cast<std::size_t>(channel);
    const float factor = weight.value().data()[c];
    const float offset = bias.value().data()[c];
    const float mean = by.mean[c];
    const float scale = by.scale[c];
    for (std::int64_t image = 0; image < size.outer; ++image) {
      const std::int64_t first = (image * size.extent + channel) * size.inner;
      for (std::int64_t i = first; i < first + size.inner; ++i) {
        to[i] = (from[i] - mean) * scale * factor + offset;
      }
    }
  });
  const auto backward = [size, by = std::move(by), in = x.value(), factors = weight.value()](
                            const Tensor& gradient, std::span<const Variable> inputs) {
    Tensor to_x(in.shape());
    Tensor to_weight(factors.shape());
    Tensor to_bias(factors.shape());
    for_channels(inputs[0].context(), size, [&](std::int64_t channel) {
      const auto c = static_cast<std::size_t>(channel);
      const float mean = by.mean[c];
      const float scale = by.scale[c];
      double sum = 0;
      double product = 0;
      for (std::int64_t image = 0; image < size.outer; ++image) {
        const std::int64_t first = (image * size.extent + channel) * size.inner;
        const float* const g = gradient.data() + first;
        const float* const values = in.data() + first;
        sum += sum_in_lanes(size.inner, [g](std::int64_t i) { return double{g[i]}; });
        product += sum_in_lanes(
            size.inner, [=](std::int64_t i) { return double{g[i]} * double{(values[i] - mean) * scale}; });
      }
      to_bias.data()[c] = static_cast<float>(sum);
      to_weight.data()[c] = static_cast<float>(product);
      const auto count = static_cast<double>(size.outer * size.inner);
      const float mean_gradient = by.from_batch ? static_cast<float>(sum / count) : 0.0F;
      const float mean_product = by.from_batch ? static_cast<float>(product / count) : 0.0F;
      const float factor = factors.data()[c] * by.scale[c];
      for (std::int64_t image = 0; image < size.outer; ++image) {
        const std::int64_t first = (image * size.extent + channel) * size.inner;
        const float* const g = gradient.data() + first;
        const float* const values = in.data() + first;
        float* const to = to_x.data() + first;
        for (std::int64_t i = 0; i < size.inner; ++i) {
          to[i] = factor * (g[i] - mean_gradient - (values[i] - mean) * scale * mean_product);
        }
      }
    });
    inputs[0].add_gradient(std::move(to_x));
    inputs[1].add_gradient(std::move(to_weight));
    inputs[2].add_gradient(std::move(to_bias));
  };
  return {std::move(out), {x, weight, bias}, backward};
}

}  // namespace

Variable batch_norm_training(const Variable& x, const Variable& weight, const Variable& bias,
                             Tensor running_mean, Tensor running_variance, const BatchNormOptions& options) {
  const Along size = check_normalization(x, weight, bias, running_mean, running_variance);
  const std::int64_t count = size.outer * size.inner;
  if (count < 2) {
    throw Error("batch_norm: an input of " + x.shape().to_string() + " has less than two values per channel");
  }
  const auto channels = static_cast<std::size_t>(size.extent);
  Normalisation by{
      .mean = std::vector<float>(channels), .scale = std::vector<float>(channels), .from_batch = true};
  for_channels(x.context(), size, [&](std::int64_t channel) {
    const auto c = static_cast<std::size_t>(channel);
    const Moments batch = moments(x.value().data(), size, channel);
    by.mean[c] = static_cast<float>(batch.mean);
    by.scale[c] = static_cast<float>(1 / std::sqrt(batch.variance + options.epsilon));
    const auto follow = [&](Tensor& running, double value) {
      if (running.empty()) return;
      float& state = running.data()[channel];
      state = static_cast<float>((1 - options.momentum) * state + options.momentum * value);
    };
    follow(running_mean, batch.mean);
    follow(running_variance, batch.variance * static_cast<double>(count) / static_cast<double>(count - 1));
  });
  return normalise(x, weight, bias, size, std::move(by));
}

Variable batch_norm_evaluation(const Variable& x, const Variable& weight, const Variable& bias,
                               const Tensor& running_mean, const Tensor& running_variance,
                               const BatchNormOptions& options) {
  const Along size = check_normalization(x, weight, bias, running_mean, running_variance);
  if (running_mean.empty() || running_variance.empty())
    throw Error("batch_norm: there are no running statistics");
  Normalisation by;
  for (std::int64_t channel = 0; channel < size.extent; ++channel) {
    by.mean.push_back(running_mean.data()[channel]);
    by.scale.push_back(static_cast<float>(1 / std::sqrt(running_variance.data()[channel] + options.epsilon)));
  }
  return normalise(x, weight, bias, size, std::move(by));
}

}  // namespace edge::autograd
