#include "roles/trainer/hidden_unit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/lbfgs.h"
#include "engine/autograd/matrix.h"
#include "engine/autograd/reduction.h"

namespace edge::trainer {
namespace {

using autograd::Context;
using autograd::Variable;

constexpr float small_error = 0.02F;

Tensor tensor_of(std::span<const double> values, const Shape& shape) {
  Tensor tensor(shape);
  std::transform(values.begin(), values.end(), tensor.values().begin(),
                 [](double value) { return static_cast<float>(value); });
  return tensor;
}

}  // namespace

double HiddenUnit::hidden(std::span<const double> x) const {
  double sum = bias;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * x[i];
  return 1 / (1 + std::exp(-sum));
}

HiddenUnit train_hidden_unit(const HiddenUnit& start, std::span<const double> x,
                             std::span<const double> targets, const HiddenUnitOptions& options) {
  const auto rows = static_cast<std::int64_t>(targets.size());
  const auto width = static_cast<std::int64_t>(start.weights.size());
  kernels::ThreadPool pool(1);
  Context context(pool);
  const Variable inputs(context, tensor_of(x, {rows, width}));
  const Variable wanted(context, tensor_of(targets, {rows, 1}));
  const Variable weights(context, tensor_of(start.weights, {1, width}), true);
  const Variable weights_start(context, tensor_of(start.weights, {1, width}));
  const auto number = [&](double value, bool trained) {
    return Variable(context, tensor_of(std::array{value}, {1}), trained);
  };
  const Variable bias = number(start.bias, true);
  const Variable scale = number(start.scale, true);
  const Variable shift = number(start.shift, !options.keep_shift);
  const auto closure = [&] {
    const Variable output = autograd::sigmoid(autograd::linear(inputs, weights, bias)) * scale + shift;
    const Variable away = autograd::sum(autograd::square(weights - weights_start)) +
                          autograd::square(bias + static_cast<float>(-start.bias)) * 0.01F +
                          autograd::square(scale + static_cast<float>(-start.scale)) * 0.1F;
    // sqrt(error^2 + small^2): absolute errors with a round bottom. A scene cut among the training frames
    // must not bend the curve for all others, as squares would let it.
    const Variable size = autograd::square(output - wanted) + small_error * small_error;
    const Variable loss = autograd::mean(autograd::exp(autograd::log(size) * 0.5F));
    return loss + autograd::sum(away * static_cast<float>(options.pull));
  };
  std::vector<Variable> parameters{weights, bias, scale};
  if (!options.keep_shift) parameters.push_back(shift);
  const autograd::LbfgsResult result = autograd::train_lbfgs(
      parameters, closure,
      {.max_iterations = options.max_iterations, .gradient_tolerance = 1e-6, .change_tolerance = 1e-7});
  HiddenUnit unit;
  unit.weights.assign(weights.value().values().begin(), weights.value().values().end());
  unit.bias = double{bias.value().values()[0]};
  unit.scale = double{scale.value().values()[0]};
  unit.shift = double{shift.value().values()[0]};
  unit.loss = result.value;
  return unit;
}

}  // namespace edge::trainer
