#include "engine/autograd/elementwise.h"

#include <cmath>
#include <utility>

#include "engine/autograd/broadcast.h"
#include "engine/layers/operation_type.h"

namespace edge::autograd {
namespace {

constexpr std::int64_t element_grain = 8 * 1024;  // elements that are worth waking a thread for

/// f(a, b) for all elements, broadcast.
template <class Function>
Tensor map(Context& context, const Shape& shape, const Tensor& a, const Tensor& b, const Function& f) {
  Tensor result(shape);
  float* const out = result.data();
  if (a.shape() == shape && b.shape() == shape) {
    parallel_ranges(context.pool(), shape.elements(), element_grain,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) out[i] = f(a.data()[i], b.data()[i]);
                    });
    return result;
  }
  const Steps a_steps = broadcast_steps(a.shape(), shape);
  const Steps b_steps = broadcast_steps(b.shape(), shape);
  const std::size_t last = shape.rank() == 0 ? 0 : shape.rank() - 1;
  const std::int64_t columns = shape.rank() == 0 ? 1 : shape[last];
  for_each_row(shape, a_steps, b_steps, [&](std::int64_t first, std::int64_t at_a, std::int64_t at_b) {
    for (std::int64_t i = 0; i < columns; ++i) {
      out[first + i] = f(a.data()[at_a + i * a_steps[last]], b.data()[at_b + i * b_steps[last]]);
    }
  });
  return result;
}

/// f(x), whose derivative slope(x, y) is a function of x and y = f(x).
template <class Function, class Slope>
Variable unary(const Variable& x, const Function& f, const Slope& slope) {
  const Tensor& in = x.value();
  Tensor out(in.shape());
  float* const target = out.data();
  parallel_ranges(x.context().pool(), in.shape().elements(), element_grain,
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) target[i] = f(in.data()[i]);
                  });
  return {out, {x}, [in, out, slope](const Tensor& gradient, std::span<const Variable> inputs) {
            Tensor result(in.shape());
            float* const to = result.data();
            parallel_ranges(inputs[0].context().pool(), in.shape().elements(), element_grain,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                to[i] = gradient.data()[i] * slope(in.data()[i], out.data()[i]);
                              }
                            });
            inputs[0].add_gradient(std::move(result));
          }};
}

constexpr auto multiply = [](float a, float b) { return a * b; };
constexpr auto divide = [](float a, float b) { return a / b; };

}  // namespace

Variable operator+(const Variable& a, const Variable& b) {
  const Shape shape = broadcast_shape("add", a.shape(), b.shape());
  return {map(a.context(), shape, a.value(), b.value(), [](float x, float y) { return x + y; }),
          {a, b},
          [](const Tensor& gradient, std::span<const Variable> inputs) {
            for (const Variable& input : inputs) {
              if (input.requires_gradient()) input.add_gradient(sum_to(gradient, input.shape()));
            }
          }};
}

Variable operator-(const Variable& a, const Variable& b) {
  const Shape shape = broadcast_shape("subtract", a.shape(), b.shape());
  return {map(a.context(), shape, a.value(), b.value(), [](float x, float y) { return x - y; }),
          {a, b},
          [](const Tensor& gradient, std::span<const Variable> inputs) {
            if (inputs[0].requires_gradient()) {
              inputs[0].add_gradient(sum_to(gradient, inputs[0].shape()));
            }
            if (inputs[1].requires_gradient()) {
              inputs[1].add_gradient(sum_to(gradient, inputs[1].shape(), -1));
            }
          }};
}

Variable operator*(const Variable& a, const Variable& b) {
  const Shape shape = broadcast_shape("multiply", a.shape(), b.shape());
  return {
      map(a.context(), shape, a.value(), b.value(), multiply),
      {a, b},
      [x = a.value(), y = b.value()](const Tensor& gradient, std::span<const Variable> inputs) {
        Context& context = inputs[0].context();
        if (inputs[0].requires_gradient()) {
          inputs[0].add_gradient(sum_to(map(context, gradient.shape(), gradient, y, multiply), x.shape()));
        }
        if (inputs[1].requires_gradient()) {
          inputs[1].add_gradient(sum_to(map(context, gradient.shape(), gradient, x, multiply), y.shape()));
        }
      }};
}

Variable operator/(const Variable& a, const Variable& b) {
  const Shape shape = broadcast_shape("divide", a.shape(), b.shape());
  const Tensor quotient = map(a.context(), shape, a.value(), b.value(), divide);
  return {
      quotient, {a, b}, [quotient, y = b.value()](const Tensor& gradient, std::span<const Variable> inputs) {
        // d(a / b) = da / b - (a / b) * db / b
        Context& context = inputs[0].context();
        const Tensor share = map(context, gradient.shape(), gradient, y, divide);
        if (inputs[0].requires_gradient()) inputs[0].add_gradient(sum_to(share, inputs[0].shape()));
        if (inputs[1].requires_gradient()) {
          inputs[1].add_gradient(
              sum_to(map(context, gradient.shape(), share, quotient, multiply), y.shape(), -1));
        }
      }};
}

Variable operator+(const Variable& a, float b) {
  return unary(
      a, [b](float x) { return x + b; }, [](float, float) { return 1.0F; });
}

Variable operator*(const Variable& a, float b) {
  return unary(
      a, [b](float x) { return x * b; }, [b](float, float) { return b; });
}

Variable operator-(const Variable& a) {
  return a * -1.0F;
}

Variable relu(const Variable& x) {
  const Tensor& in = x.value();
  Tensor out(in.shape());
  float* const target = out.data();
  parallel_ranges(x.context().pool(), in.shape().elements(), element_grain,
                  [target, from = in.data()](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) target[i] = from[i] < 0 ? 0.0F : from[i];
                  });
  // The gradient is selected, not multiplied by 0 or 1: that is a mask for the compiler, where the product
  // with a branch in it was forty times slower.
  return {out, {x}, [out](const Tensor& gradient, std::span<const Variable> inputs) {
            Tensor result(out.shape());
            parallel_ranges(inputs[0].context().pool(), out.shape().elements(), element_grain,
                            [to = result.data(), y = out.data(), g = gradient.data()](std::int64_t begin,
                                                                                      std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                const float slope = g[i];
                                to[i] = y[i] > 0 ? slope : 0.0F;
                              }
                            });
            inputs[0].add_gradient(std::move(result));
          }};
}

Variable sigmoid(const Variable& x) {
  const auto logistic = [](float v) {  // exp() of negative values only: no overflow
    const float e = std::exp(-std::abs(v));
    return (v < 0 ? e : 1.0F) / (1.0F + e);
  };
  return unary(x, logistic, [](float, float y) { return y * (1.0F - y); });
}

Variable tanh(const Variable& x) {
  return unary(
      x, [](float v) { return std::tanh(v); }, [](float, float y) { return 1.0F - y * y; });
}

Variable exp(const Variable& x) {
  return unary(
      x, [](float v) { return std::exp(v); }, [](float, float y) { return y; });
}

Variable log(const Variable& x) {
  return unary(
      x, [](float v) { return std::log(v); }, [](float v, float) { return 1.0F / v; });
}

Variable square(const Variable& x) {
  return unary(
      x, [](float v) { return v * v; }, [](float v, float) { return 2.0F * v; });
}

}  // namespace edge::autograd
