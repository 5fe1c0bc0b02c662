// Helpers of the tests of automatic differentiation.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "engine/autograd/variable.h"
#include "engine/error.h"
#include "tests/engine/support.h"
#include "tests/error_of.h"

namespace edge::autograd::test {

using edge::test::pick;
using edge::test::Random;
using edge::test::random_tensor;

/// A fixture with a context of two threads.
class AutogradTest : public ::testing::Test {
 protected:
  kernels::ThreadPool pool_{2};
  Context context_{pool_};

  Variable leaf(Tensor value) { return {context_, std::move(value), true}; }
  Variable constant(Tensor value) { return {context_, std::move(value)}; }
};

inline Tensor tensor_of(const Shape& shape, const std::vector<float>& values) {
  EXPECT_EQ(shape.elements(), static_cast<std::int64_t>(values.size()));
  Tensor tensor(shape);
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

inline std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

/// Values in [low, high).
inline Tensor random_between(const Shape& shape, float low, float high, std::uint32_t seed) {
  Tensor tensor = random_tensor(shape, seed);
  for (float& value : tensor.values()) value = low + (high - low) * (value + 1) / 2;
  return tensor;
}

/// Values that are 0.1 apart and 0.05 from 0: small steps cross no kink of a ReLU or of max pooling.
inline Tensor spaced_tensor(const Shape& shape, std::uint32_t seed) {
  Tensor tensor(shape);
  std::vector<int> order(tensor.elements());
  std::iota(order.begin(), order.end(), -static_cast<int>(order.size() / 2));
  Random random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  for (std::size_t i = 0; i < order.size(); ++i) {
    tensor.data()[i] = (static_cast<float>(order[i]) + 0.5F) * 0.1F;
  }
  return tensor;
}

using Inputs = std::vector<Variable>;
using Operation = std::function<Variable(const Inputs&)>;

/// Compares the gradients of sum(weights * operation(inputs)), random weights, with differences of fourth
/// order: an error of 3e-4 of the largest component fails, float32's noise is a tenth of that.
inline void check_gradients(const std::vector<Tensor>& inputs, const Operation& operation, double step = 0.02,
                            double tolerance = 3e-4) {
  kernels::ThreadPool pool(2);
  Context context(pool);
  Inputs variables;
  for (const Tensor& input : inputs) variables.emplace_back(context, input.clone(), true);
  const Variable output = operation(variables);
  const Tensor weights = random_between(output.shape(), 0.5F, 1.5F, 99);
  output.backward(weights);
  const auto loss = [&] {
    const NoGrad guard(context);
    const Tensor values = operation(variables).value();
    double sum = 0;
    for (std::size_t i = 0; i < values.elements(); ++i) sum += double{weights.data()[i]} * values.data()[i];
    return sum;
  };
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    Tensor value = variables[input].value();
    const Tensor& gradient = variables[input].gradient();
    ASSERT_EQ(gradient.shape(), value.shape()) << "of input " << input;
    std::vector<double> expected;
    double scale = 1e-3;
    for (float& element : value.values()) {
      const float before = element;
      const auto at = [&](double offset) {
        element = static_cast<float>(before + offset);
        const double result = loss();
        element = before;
        return result;
      };
      expected.push_back((8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step));
      scale = std::max(scale, std::abs(expected.back()));
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(gradient.data()[i], expected[i], tolerance * scale)
          << "element " << i << " of input " << input << ", shape " << value.shape().to_string();
    }
  }
}

using edge::test::error_of;

}  // namespace edge::autograd::test
