#include "engine/autograd/upsampling.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge::autograd {
namespace {

constexpr std::int64_t upsampling_grain =
    16 * 1024;  // elements of the output that are worth waking a thread for

}  // namespace

Variable upsample2d(const Variable& x, std::int64_t factor) {
  const Shape& shape = x.shape();
  if (shape.rank() != 4) throw Error("upsample2d: an input of " + shape.to_string() + " needs rank 4 (NCHW)");
  if (factor < 1) throw Error("upsample2d: a factor of " + std::to_string(factor) + "; at least 1");
  const std::int64_t lines = shape[0] * shape[1] * shape[2];
  const std::int64_t width = shape[3];
  const std::int64_t wide = width * factor;
  Tensor out({shape[0], shape[1], shape[2] * factor, wide});
  const std::int64_t lines_at_least = upsampling_grain / std::max<std::int64_t>(wide * factor, 1) + 1;
  parallel_ranges(x.context().pool(), lines, lines_at_least,
                  [&, from = x.value().data(), to = out.data()](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t line = begin; line < end; ++line) {
                      float* const first = to + line * factor * wide;
                      for (std::int64_t i = 0; i < width; ++i) {
                        std::fill_n(first + i * factor, factor, from[line * width + i]);
                      }
                      for (std::int64_t copy = 1; copy < factor; ++copy) {
                        std::copy_n(first, wide, first + copy * wide);
                      }
                    }
                  });
  const auto backward = [=](const Tensor& gradient, std::span<const Variable> inputs) {
    Tensor result(inputs[0].shape());
    parallel_ranges(inputs[0].context().pool(), lines, lines_at_least,
                    [&, from = gradient.data(), to = result.data()](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t line = begin; line < end; ++line) {
                        for (std::int64_t i = 0; i < width; ++i) {
                          const float* const block = from + line * factor * wide + i * factor;
                          float sum = 0;
                          for (std::int64_t row = 0; row < factor; ++row) {
                            for (std::int64_t column = 0; column < factor; ++column) {
                              sum += block[row * wide + column];
                            }
                          }
                          to[line * width + i] = sum;
                        }
                      }
                    });
    inputs[0].add_gradient(std::move(result));
  };
  return {std::move(out), {x}, backward};
}

}  // namespace edge::autograd
