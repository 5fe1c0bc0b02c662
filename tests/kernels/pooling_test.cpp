// Pooling: every ISA and several threads against the definition, for random shapes, in buffers of exact size
// between guard pages; results that PyTorch gives for small cases.
#include "kernels/pooling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/pooling_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::Guard;
using test::GuardedBuffer;

constexpr float infinity = std::numeric_limits<float>::infinity();

std::size_t in_floats(const Pool2dShape& shape) {
  return static_cast<std::size_t>(shape.planes * shape.in_rows * shape.in_columns);
}
std::size_t out_floats(const Pool2dShape& shape) {
  return static_cast<std::size_t>(shape.planes * shape.out_rows() * shape.out_columns());
}

std::string describe(const Pool2dShape& s) {
  return std::to_string(s.planes) + "x" + std::to_string(s.in_rows) + "x" + std::to_string(s.in_columns) +
         " kernel " + std::to_string(s.kernel_rows) + "x" + std::to_string(s.kernel_columns) + " stride " +
         std::to_string(s.stride_rows) + "x" + std::to_string(s.stride_columns) + " padding " +
         std::to_string(s.padding_rows) + "x" + std::to_string(s.padding_columns) + " dilation " +
         std::to_string(s.dilation_rows) + "x" + std::to_string(s.dilation_columns) +
         (s.ceil_mode ? " ceil" : "") + (s.count_include_pad ? " with padding" : "");
}

/// NaN, then by value, then +0 over -0.
float larger(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return NAN;
  if (a == b) return std::signbit(a) ? b : a;
  return std::max(a, b);
}

/// Calls visit(output index, rows, columns, value at a pixel of the window or nullptr in the padding) in
/// window order.
template <typename Visit>
void visit_windows(const Pool2dShape& s, const float* in, const Visit& visit) {
  std::size_t index = 0;
  for (std::int64_t plane = 0; plane < s.planes; ++plane) {
    for (std::int64_t r = 0; r < s.out_rows(); ++r) {
      for (std::int64_t c = 0; c < s.out_columns(); ++c, ++index) {
        for (std::int64_t kernel_row = 0; kernel_row < s.kernel_rows; ++kernel_row) {
          for (std::int64_t kernel_column = 0; kernel_column < s.kernel_columns; ++kernel_column) {
            const std::int64_t row = r * s.stride_rows - s.padding_rows + kernel_row * s.dilation_rows;
            const std::int64_t column =
                c * s.stride_columns - s.padding_columns + kernel_column * s.dilation_columns;
            const bool inside = row >= 0 && column >= 0 && row < s.in_rows && column < s.in_columns;
            // What lies behind the padding (windows clipped in ceil mode) does not count at all.
            if (row >= s.in_rows + s.padding_rows + s.extra_rows ||
                column >= s.in_columns + s.padding_columns + s.extra_columns) {
              continue;
            }
            visit(index, inside ? &in[(plane * s.in_rows + row) * s.in_columns + column] : nullptr);
          }
        }
      }
    }
  }
}

std::vector<float> max_reference(const Pool2dShape& shape, const float* in) {
  std::vector<float> out(out_floats(shape), -infinity);
  visit_windows(shape, in, [&](std::size_t index, const float* value) {
    if (value != nullptr) out[index] = larger(out[index], *value);
  });
  return out;
}

std::vector<float> average_reference(const Pool2dShape& shape, const float* in) {
  std::vector<float> out(out_floats(shape));
  std::vector<int> counts(out.size());
  visit_windows(shape, in, [&](std::size_t index, const float* value) {
    if (value != nullptr) out[index] += *value;
    if (value != nullptr || shape.count_include_pad) ++counts[index];
  });
  for (std::size_t i = 0; i < out.size(); ++i) out[i] /= static_cast<float>(counts[i]);
  return out;
}

std::int64_t one_to(std::int64_t most, std::mt19937& random) {
  return 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(most));
}

Pool2dShape random_shape(std::mt19937& random, bool dilated) {
  Pool2dShape shape;
  shape.planes = one_to(3, random);
  shape.in_rows = one_to(random() % 2 == 0 ? 5 : 20, random);
  shape.in_columns = one_to(random() % 2 == 0 ? 9 : 70, random);
  shape.kernel_rows = one_to(random() % 4 == 0 ? 7 : 3, random);
  shape.kernel_columns = random() % 4 == 0 ? one_to(9, random) : shape.kernel_rows;
  shape.stride_rows = one_to(4, random);
  shape.stride_columns = random() % 3 == 0 ? one_to(11, random) : one_to(3, random);
  shape.padding_rows = one_to(shape.kernel_rows / 2 + 1, random) - 1;
  shape.padding_columns = one_to(shape.kernel_columns / 2 + 1, random) - 1;
  if (random() % 4 == 0) {  // up to all but one of the kernel, and other padding at the bottom and right
    shape.padding_rows = one_to(shape.kernel_rows, random) - 1;
    shape.padding_columns = one_to(shape.kernel_columns, random) - 1;
    shape.extra_rows = one_to(shape.kernel_rows, random) - 1 - shape.padding_rows;
    shape.extra_columns = one_to(shape.kernel_columns, random) - 1 - shape.padding_columns;
  }
  if (dilated && random() % 3 == 0) {
    shape.dilation_rows = one_to(3, random);
    shape.dilation_columns = one_to(3, random);
  }
  shape.ceil_mode = random() % 2 == 0;
  shape.count_include_pad = random() % 2 == 0;
  return shape;
}

/// What networks use, at sizes around the vector lengths.
std::vector<Pool2dShape> common_shapes() {
  std::vector<Pool2dShape> shapes;
  for (std::int64_t columns = 3; columns < 42; ++columns) {
    for (const std::int64_t kernel : {2, 3}) {
      for (const std::int64_t stride : {1, 2}) {
        shapes.push_back({.planes = 2,
                          .in_rows = kernel + 2,  // so that the windows reach the last value
                          .in_columns = columns,
                          .kernel_rows = kernel,
                          .kernel_columns = kernel,
                          .stride_rows = stride,
                          .stride_columns = stride,
                          .padding_rows = columns % 2,
                          .padding_columns = columns % 2,
                          .ceil_mode = columns % 3 == 0});
      }
    }
  }
  return shapes;
}

template <typename Pool>
void expect_same(const Pool2dShape& shape, std::span<float> values, const std::vector<float>& expected,
                 Guard guard, ThreadPool& threads, const Pool& pool) {
  for (const Isa isa : isas_to_test()) {
    GuardedBuffer<float> in(std::vector<float>(values.begin(), values.end()), guard);
    GuardedBuffer<float> out(expected.size(), guard);
    pool(isa, shape, in.data(), out.data(), threads);
    ASSERT_TRUE(same_floats(isa, expected, out.span())) << describe(shape);
  }
}

TEST(Pooling, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = pooling_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(Pooling, OutputSizesArePytorchs) {
  const auto extent = [](std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                         std::int64_t dilation, bool ceil_mode) {
    const Pool2dShape shape{.planes = 1,
                            .in_rows = in,
                            .in_columns = in,
                            .kernel_rows = kernel,
                            .kernel_columns = kernel,
                            .stride_rows = stride,
                            .stride_columns = stride,
                            .padding_rows = padding,
                            .padding_columns = padding,
                            .dilation_rows = dilation,
                            .dilation_columns = dilation,
                            .ceil_mode = ceil_mode};
    EXPECT_EQ(shape.out_rows(), shape.out_columns());
    return shape.out_rows();
  };
  EXPECT_EQ(extent(55, 3, 2, 0, 1, false), 27);   // AlexNet
  EXPECT_EQ(extent(112, 3, 2, 0, 1, true), 56);   // GoogLeNet
  EXPECT_EQ(extent(112, 3, 2, 1, 1, false), 56);  // ResNet
  EXPECT_EQ(extent(5, 2, 2, 0, 1, false), 2);
  EXPECT_EQ(extent(5, 2, 2, 0, 1, true), 3);
  EXPECT_EQ(extent(3, 2, 2, 1, 1, true), 2);  // a third window would start in the padding at the right
  EXPECT_EQ(extent(4, 3, 2, 1, 1, true), 3);
  EXPECT_EQ(extent(7, 3, 1, 0, 3, false), 1);
  EXPECT_EQ(extent(2, 3, 2, 0, 1, false), 0);  // no window fits
}

TEST(Pooling, MaxOfRandomShapes) {
  std::mt19937 random(9);
  ThreadPool threads(2);
  std::vector<Pool2dShape> shapes = common_shapes();
  while (shapes.size() < 500) shapes.push_back(random_shape(random, true));
  for (const Pool2dShape& shape : shapes) {
    if (shape.out_rows() <= 0 || shape.out_columns() <= 0) continue;
    std::vector<float> values = random_floats(in_floats(shape), random, random() % 2 == 0 ? 3 : 40);
    for (const Guard guard : {Guard::front, Guard::back}) {
      expect_same(shape, values, max_reference(shape, values.data()), guard, threads, max_pool2d);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Pooling, AverageOfRandomShapes) {
  std::mt19937 random(10);
  ThreadPool threads(2);
  std::vector<Pool2dShape> shapes = common_shapes();
  while (shapes.size() < 500) shapes.push_back(random_shape(random, false));
  for (const Pool2dShape& shape : shapes) {
    if (shape.out_rows() <= 0 || shape.out_columns() <= 0) continue;
    std::vector<float> values = random_floats(in_floats(shape), random, random() % 2 == 0 ? 10 : 1U << 31);
    for (const Guard guard : {Guard::front, Guard::back}) {
      expect_same(shape, values, average_reference(shape, values.data()), guard, threads, average_pool2d);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Pooling, MaxKeepsNanWhereverItIs) {
  const Pool2dShape shape{.planes = 1,
                          .in_rows = 3,
                          .in_columns = 19,
                          .kernel_rows = 3,
                          .kernel_columns = 3,
                          .stride_rows = 2,
                          .stride_columns = 2};
  ThreadPool threads(1);
  for (const Isa isa : isas_to_test()) {
    for (std::size_t position = 0; position < 57; ++position) {
      for (const float nan : {NAN, -NAN}) {
        std::vector<float> in(57, infinity);
        in[position] = nan;
        std::vector<float> out(9);
        max_pool2d(isa, shape, in.data(), out.data(), threads);
        EXPECT_TRUE(same_floats(isa, max_reference(shape, in.data()), out)) << position;
        EXPECT_TRUE(std::any_of(out.begin(), out.end(), [](float x) { return std::isnan(x); })) << position;
      }
    }
  }
}

TEST(Pooling, AverageDividesAsPytorchAtTheBorders) {
  std::vector<float> in(16);
  std::iota(in.begin(), in.end(), 1.0F);
  Pool2dShape shape{.planes = 1,
                    .in_rows = 4,
                    .in_columns = 4,
                    .kernel_rows = 3,
                    .kernel_columns = 3,
                    .stride_rows = 2,
                    .stride_columns = 2,
                    .padding_rows = 1,
                    .padding_columns = 1,
                    .ceil_mode = true};
  // torch.nn.AvgPool2d(3, 2, 1, ceil_mode=True) of 1 ... 16: the last windows are clipped to 2 rows or
  // columns.
  const std::vector<float> with_padding = {14.0F / 9, 30.0F / 9, 2.0F, 57.0F / 9, 11.0F,
                                           6.0F,      4.5F,      7.5F, 4.0F};
  const std::vector<float> without_padding = {3.5F, 5.0F, 6.0F, 9.5F, 11.0F, 12.0F, 13.5F, 15.0F, 16.0F};
  ThreadPool threads(1);
  for (const Isa isa : isas_to_test()) {
    std::vector<float> out(9);
    shape.count_include_pad = true;
    average_pool2d(isa, shape, in.data(), out.data(), threads);
    EXPECT_TRUE(same_floats(isa, with_padding, out));
    shape.count_include_pad = false;
    average_pool2d(isa, shape, in.data(), out.data(), threads);
    EXPECT_TRUE(same_floats(isa, without_padding, out));
  }
}

TEST(Pooling, AdaptiveAverage) {
  std::mt19937 random(11);
  ThreadPool threads(2);
  for (int run = 0; run < 120; ++run) {
    const std::int64_t planes = one_to(20, random);
    const std::int64_t rows = one_to(15, random);
    const std::int64_t columns = one_to(22, random);
    const std::int64_t out_rows = run % 3 == 0 ? 1 : one_to(8, random);
    const std::int64_t out_columns = run % 3 == 0 ? 1 : one_to(8, random);
    GuardedBuffer<float> in(
        random_floats(static_cast<std::size_t>(planes * rows * columns), random, 1U << 31));
    GuardedBuffer<float> out(static_cast<std::size_t>(planes * out_rows * out_columns));
    std::vector<float> expected;
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      for (std::int64_t r = 0; r < out_rows; ++r) {
        for (std::int64_t c = 0; c < out_columns; ++c) {
          const auto first = [](std::int64_t i, std::int64_t from, std::int64_t to) {
            return static_cast<std::int64_t>(
                std::floor(static_cast<double>(i * from) / static_cast<double>(to)));
          };
          const auto end = [](std::int64_t i, std::int64_t from, std::int64_t to) {
            return static_cast<std::int64_t>(
                std::ceil(static_cast<double>((i + 1) * from) / static_cast<double>(to)));
          };
          std::array<float, 16> sums{};  // of one output: in turns; else all in the first
          int count = 0;
          const int in_turns = out_rows == 1 && out_columns == 1 ? 16 : 1;
          for (std::int64_t y = first(r, rows, out_rows); y < end(r, rows, out_rows); ++y) {
            for (std::int64_t x = first(c, columns, out_columns); x < end(c, columns, out_columns); ++x) {
              sums[static_cast<std::size_t>(count++ % in_turns)] +=
                  in.data()[(plane * rows + y) * columns + x];
            }
          }
          for (std::size_t half = 8; half > 0; half /= 2) {
            for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
          }
          expected.push_back(sums[0] / static_cast<float>(count));
        }
      }
    }
    for (const Isa isa : isas_to_test()) {
      adaptive_average_pool2d(isa, planes, rows, columns, out_rows, out_columns, in.data(), out.data(),
                              threads);
      ASSERT_TRUE(same_floats(Isa::scalar, expected, out.span())) << planes << " " << rows << "x" << columns;
    }
  }
}

TEST(Pooling, ThreadsDoNotChangeTheResult) {
  std::mt19937 random(12);
  const Pool2dShape shape{.planes = 7,
                          .in_rows = 61,
                          .in_columns = 173,
                          .kernel_rows = 3,
                          .kernel_columns = 3,
                          .stride_rows = 2,
                          .stride_columns = 2,
                          .padding_rows = 1,
                          .padding_columns = 1};
  const std::vector<float> in = random_floats(in_floats(shape), random, 50);
  ThreadPool one(1);
  ThreadPool three(3);
  for (const Isa isa : isas_to_test()) {
    for (const auto pool : {max_pool2d, average_pool2d}) {
      std::vector<float> alone(out_floats(shape));
      std::vector<float> together(out_floats(shape));
      pool(isa, shape, in.data(), alone.data(), one);
      pool(isa, shape, in.data(), together.data(), three);
      EXPECT_TRUE(same_floats(Isa::scalar, alone, together));
    }
  }
}

}  // namespace
}  // namespace edge::kernels
