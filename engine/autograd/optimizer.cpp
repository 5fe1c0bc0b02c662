#include "engine/autograd/optimizer.h"

#include <cmath>

#include "engine/autograd/lane_sum.h"

namespace edge::autograd {

void Optimizer::zero_gradients() {
  for (const Variable& parameter : parameters_) parameter.zero_gradient();
}

void Optimizer::step() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor values = parameters_[i].value();
    const Tensor& gradient = parameters_[i].gradient();
    if (!gradient.empty()) update(i, values.values(), gradient.values());
  }
}

double clip_gradients(std::span<const Variable> parameters, double largest) {
  double squares = 0;
  for (const Variable& parameter : parameters) {
    const Tensor& gradient = parameter.gradient();
    squares += sum_in_lanes(static_cast<std::int64_t>(gradient.elements()), [&](std::int64_t i) {
      return double{gradient.data()[i]} * double{gradient.data()[i]};
    });
  }
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm) || norm <= largest) return norm;
  const auto factor = static_cast<float>(largest / norm);
  for (const Variable& parameter : parameters) {
    Tensor gradient = parameter.gradient();
    for (float& value : gradient.values()) value *= factor;
  }
  return norm;
}

Sgd::Sgd(const std::vector<Variable>& parameters, const SgdOptions& options)
    : Optimizer(parameters), options_(options), velocity_(parameters.size()) {}

void Sgd::update(std::size_t index, std::span<float> values, std::span<const float> gradient) {
  const auto rate = static_cast<float>(options_.learning_rate);
  const auto momentum = static_cast<float>(options_.momentum);
  const auto decay = static_cast<float>(options_.weight_decay);
  std::vector<float>& velocity = velocity_[index];
  const bool first = velocity.empty();
  if (first && momentum != 0) velocity.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    float change = gradient[i] + decay * values[i];
    if (momentum != 0) {
      velocity[i] = first ? change : momentum * velocity[i] + change;
      change = options_.nesterov ? change + momentum * velocity[i] : velocity[i];
    }
    values[i] -= rate * change;
  }
}

Adam::Adam(const std::vector<Variable>& parameters, const AdamOptions& options)
    : Optimizer(parameters), options_(options), moments_(parameters.size()) {}

void Adam::update(std::size_t index, std::span<float> values, std::span<const float> gradient) {
  Moments& moments = moments_[index];
  moments.first.resize(values.size());
  moments.second.resize(values.size());
  ++moments.steps;
  const double correction1 = 1 - std::pow(options_.beta1, moments.steps);
  const double correction2 = 1 - std::pow(options_.beta2, moments.steps);
  const auto rate = static_cast<float>(options_.learning_rate / correction1);
  const auto scale = static_cast<float>(1 / std::sqrt(correction2));
  const auto beta1 = static_cast<float>(options_.beta1);
  const auto beta2 = static_cast<float>(options_.beta2);
  const auto rest1 = static_cast<float>(1 - options_.beta1);
  const auto rest2 = static_cast<float>(1 - options_.beta2);
  const auto epsilon = static_cast<float>(options_.epsilon);
  const auto decay = static_cast<float>(options_.decoupled_decay ? 0 : options_.weight_decay);
  const auto keep =
      static_cast<float>(options_.decoupled_decay ? 1 - options_.learning_rate * options_.weight_decay : 1.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float slope = gradient[i] + decay * values[i];
    values[i] *= keep;
    moments.first[i] = beta1 * moments.first[i] + rest1 * slope;
    moments.second[i] = beta2 * moments.second[i] + rest2 * slope * slope;
    values[i] -= rate * moments.first[i] / (std::sqrt(moments.second[i]) * scale + epsilon);
  }
}

}  // namespace edge::autograd
