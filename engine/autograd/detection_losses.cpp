#include "engine/autograd/detection_losses.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/error.h"

namespace edge::autograd {
namespace {

void check_same(const char* loss, const char* what, const Shape& given, const Shape& expected) {
  if (given == expected) return;
  throw Error(std::string(loss) + ": " + what + " of " + given.to_string() + " for a prediction of " +
              expected.to_string());
}

/// A loss of `x` whose derivative by each element of x is known already.
Variable scalar(double value, const Variable& x, Tensor slopes) {
  Tensor out(Shape{});
  out.data()[0] = static_cast<float>(value);
  return {std::move(out),
          {x},
          [slopes = std::move(slopes)](const Tensor& gradient, std::span<const Variable> inputs) {
            Tensor result(slopes.shape());
            const float factor = gradient.data()[0];
            std::transform(slopes.values().begin(), slopes.values().end(), result.data(),
                           [factor](float slope) { return factor * slope; });
            inputs[0].add_gradient(std::move(result));
          }};
}

/// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace

Variable centre_focal_loss(const Variable& logits, const Tensor& heat) {
  check_same("centre_focal_loss", "a heat map", heat.shape(), logits.shape());
  const Tensor& x = logits.value();
  const auto centres = std::count(heat.values().begin(), heat.values().end(), 1.0F);
  const double scale = 1.0 / static_cast<double>(std::max<std::ptrdiff_t>(centres, 1));
  Tensor slopes(x.shape());
  double loss = 0;
  for (std::size_t i = 0; i < x.elements(); ++i) {
    const double logit = double{x.data()[i]};
    const double target = double{heat.data()[i]};
    const double log_p = -softplus(-logit);    // of p = sigmoid(logit)
    const double log_rest = -softplus(logit);  // of 1 - p
    const double p = std::exp(log_p);
    const double rest = std::exp(log_rest);
    double slope = 0;
    if (target >= 1) {
      loss -= rest * rest * log_p;
      slope = rest * rest * (2 * p * log_p - rest);
    } else {
      const double weight = (1 - target) * (1 - target) * (1 - target) * (1 - target);
      loss -= weight * p * p * log_rest;
      slope = weight * p * p * (p - 2 * rest * log_rest);
    }
    slopes.data()[i] = static_cast<float>(slope * scale);
  }
  return scalar(loss * scale, logits, std::move(slopes));
}

Variable weighted_l1_loss(const Variable& prediction, const Tensor& target, const Tensor& weights) {
  check_same("weighted_l1_loss", "a target", target.shape(), prediction.shape());
  check_same("weighted_l1_loss", "weights", weights.shape(), prediction.shape());
  const Tensor& x = prediction.value();
  double sum = 0;
  for (const float weight : weights.values()) sum += double{weight};
  const double scale = 1 / std::max(sum, 1.0);
  Tensor slopes(x.shape());
  double loss = 0;
  for (std::size_t i = 0; i < x.elements(); ++i) {
    const double difference = double{x.data()[i]} - double{target.data()[i]};
    const double weight = double{weights.data()[i]} * scale;
    loss += weight * std::abs(difference);
    slopes.data()[i] = static_cast<float>(difference > 0 ? weight : difference < 0 ? -weight : 0.0);
  }
  return scalar(loss, prediction, std::move(slopes));
}

}  // namespace edge::autograd
