#include "engine/autograd/softmax.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/autograd/dimension.h"

namespace edge::autograd {
namespace {

/// Calls line(first) for each line of values first, first + inner ... along the dimension.
template <class Line>
void for_each_line(const Along& size, const Line& line) {
  if (size.extent == 0) return;
  for (std::int64_t outer = 0; outer < size.outer; ++outer) {
    for (std::int64_t inner = 0; inner < size.inner; ++inner) {
      line(outer * size.extent * size.inner + inner);
    }
  }
}

/// Largest value of a line, and log(sum(exp(x - largest))).
struct LineScale {
  double largest, log_sum;
};

LineScale line_scale(const float* x, const Along& size) {
  double largest = x[0];
  for (std::int64_t i = 1; i < size.extent; ++i) largest = std::max(largest, double{x[i * size.inner]});
  double sum = 0;
  for (std::int64_t i = 0; i < size.extent; ++i) sum += std::exp(x[i * size.inner] - largest);
  return {largest, std::log(sum)};
}

Tensor log_softmax_values(const Tensor& x, const Along& size) {
  Tensor out(x.shape());
  for_each_line(size, [&](std::int64_t first) {
    const LineScale scale = line_scale(x.data() + first, size);
    for (std::int64_t i = 0; i < size.extent; ++i) {
      const std::int64_t at = first + i * size.inner;
      out.data()[at] = static_cast<float>(x.data()[at] - scale.largest - scale.log_sum);
    }
  });
  return out;
}

}  // namespace

Variable softmax(const Variable& x, int dimension) {
  const Along size = along(x.shape(), dimension_index("softmax", x.shape(), dimension));
  Tensor out(x.shape());
  for_each_line(size, [&](std::int64_t first) {
    const LineScale scale = line_scale(x.value().data() + first, size);
    for (std::int64_t i = 0; i < size.extent; ++i) {
      const std::int64_t at = first + i * size.inner;
      out.data()[at] = static_cast<float>(std::exp(x.value().data()[at] - scale.largest - scale.log_sum));
    }
  });
  return {out, {x}, [size, out](const Tensor& gradient, std::span<const Variable> inputs) {
            // dx = y * (g - sum(g * y))
            Tensor result(out.shape());
            for_each_line(size, [&](std::int64_t first) {
              double sum = 0;
              for (std::int64_t i = 0; i < size.extent; ++i) {
                const std::int64_t at = first + i * size.inner;
                sum += double{gradient.data()[at]} * out.data()[at];
              }
              for (std::int64_t i = 0; i < size.extent; ++i) {
                const std::int64_t at = first + i * size.inner;
                result.data()[at] = static_cast<float>(out.data()[at] * (gradient.data()[at] - sum));
              }
            });
            inputs[0].add_gradient(std::move(result));
          }};
}

Variable log_softmax(const Variable& x, int dimension) {
  const Along size = along(x.shape(), dimension_index("log_softmax", x.shape(), dimension));
  const Tensor out = log_softmax_values(x.value(), size);
  return {out, {x}, [size, out](const Tensor& gradient, std::span<const Variable> inputs) {
            // dx = g - exp(y) * sum(g)
            Tensor result(out.shape());
            for_each_line(size, [&](std::int64_t first) {
              double sum = 0;
              for (std::int64_t i = 0; i < size.extent; ++i) sum += gradient.data()[first + i * size.inner];
              for (std::int64_t i = 0; i < size.extent; ++i) {
                const std::int64_t at = first + i * size.inner;
                result.data()[at] =
                    static_cast<float>(gradient.data()[at] - std::exp(double{out.data()[at]}) * sum);
              }
            });
            inputs[0].add_gradient(std::move(result));
          }};
}

}  // namespace edge::autograd
