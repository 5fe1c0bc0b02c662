#include "engine/autograd/losses.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/reduction.h"
#include "engine/autograd/softmax.h"
#include "engine/error.h"

namespace edge::autograd {
namespace {

/// -mean of x[row][classes[row]].
Variable negative_mean_of_picked(const Variable& x, std::vector<std::int64_t> classes) {
  const std::int64_t width = x.shape()[1];
  const auto rows = static_cast<std::int64_t>(classes.size());
  double total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    total += x.value().data()[row * width + classes[static_cast<std::size_t>(row)]];
  }
  Tensor out(Shape{});
  out.data()[0] = static_cast<float>(-total / static_cast<double>(rows));
  return {
      std::move(out),
      {x},
      [classes = std::move(classes), width, rows](const Tensor& gradient, std::span<const Variable> inputs) {
        Tensor result = Tensor::zeros(inputs[0].shape());
        const float share = -gradient.data()[0] / static_cast<float>(rows);
        for (std::int64_t row = 0; row < rows; ++row) {
          result.data()[row * width + classes[static_cast<std::size_t>(row)]] = share;
        }
        inputs[0].add_gradient(std::move(result));
      }};
}

}  // namespace

Variable mse_loss(const Variable& prediction, const Variable& target) {
  if (prediction.shape() != target.shape()) {
    throw Error("mse_loss: a prediction of " + prediction.shape().to_string() + " for a target of " +
                target.shape().to_string());
  }
  return mean(square(prediction - target));
}

Variable cross_entropy(const Variable& logits, std::span<const std::int64_t> classes) {
  const Shape& shape = logits.shape();
  if (shape.rank() != 2 || shape[0] != static_cast<std::int64_t>(classes.size()) || classes.empty()) {
    throw Error("cross_entropy: logits of " + shape.to_string() + " for " + std::to_string(classes.size()) +
                " classes");
  }
  for (const std::int64_t index : classes) {
    if (index < 0 || index >= shape[1]) {
      throw Error("cross_entropy: class " + std::to_string(index) + " for logits of " + shape.to_string());
    }
  }
  return negative_mean_of_picked(log_softmax(logits), {classes.begin(), classes.end()});
}

}  // namespace edge::autograd
