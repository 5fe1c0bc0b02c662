// Convolutions for tests: their definition, and the direct algorithms between guard pages.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/conv_algorithm.h"
#include "kernels/depthwise_lanes.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {

inline void PrintTo(const Conv2dShape& s, std::ostream* out) {
  *out << "batch " << s.batch << ", " << s.in_channels << 'x' << s.in_rows << 'x' << s.in_columns << " -> "
       << s.out_channels << ", kernel " << s.kernel_rows << 'x' << s.kernel_columns << ", stride "
       << s.stride_rows << 'x' << s.stride_columns << ", padding " << s.padding_rows << 'x'
       << s.padding_columns << ", dilation " << s.dilation_rows << 'x' << s.dilation_columns << ", groups "
       << s.groups;
}

namespace test {

using namespace edge::test;  // what tests of all layers share

inline std::int64_t in_count(const Conv2dShape& s) {
  return s.batch * s.in_channels * s.in_rows * s.in_columns;
}
inline std::int64_t out_count(const Conv2dShape& s) {
  return s.batch * s.out_channels * s.out_rows() * s.out_columns();
}
inline std::int64_t weight_count(const Conv2dShape& s) {
  return s.out_channels * (s.in_channels / s.groups) * s.kernel_rows * s.kernel_columns;
}

/// The definition with the rounding of `isa`: one chain over channels, kernel rows, kernel columns, padding
/// included. If `magnitude` is given, it gets the sum of |weight| x |value| of every element.
inline std::vector<float> chains(Isa isa, const Conv2dShape& s, const float* in, const float* weights,
                                 std::vector<double>* magnitude = nullptr) {
  std::vector<float> out;
  const std::int64_t in_per_group = s.in_channels / s.groups;
  for (std::int64_t index = 0; index < out_count(s); ++index) {
    const std::int64_t column = index % s.out_columns();
    const std::int64_t row = index / s.out_columns() % s.out_rows();
    const std::int64_t channel = index / s.out_columns() / s.out_rows() % s.out_channels;
    const std::int64_t item = index / s.out_columns() / s.out_rows() / s.out_channels;
    const std::int64_t group = channel / (s.out_channels / s.groups);
    const float* image = in + (item * s.in_channels + group * in_per_group) * s.in_rows * s.in_columns;
    const std::int64_t taps = s.kernel_rows * s.kernel_columns;
    float sum = 0;
    double size = 0;
    for (std::int64_t k = 0; k < in_per_group * taps; ++k) {
      const std::int64_t tap = k % taps;
      const std::int64_t y = row * s.stride_rows + tap / s.kernel_columns * s.dilation_rows - s.padding_rows;
      const std::int64_t x =
          column * s.stride_columns + tap % s.kernel_columns * s.dilation_columns - s.padding_columns;
      const bool inside = y >= 0 && y < s.in_rows && x >= 0 && x < s.in_columns;
      const float value = inside ? image[(k / taps * s.in_rows + y) * s.in_columns + x] : 0.0F;
      const float weight = weights[channel * in_per_group * taps + k];
      sum = multiply_add(isa, weight, value, sum);
      size += std::abs(static_cast<double>(weight) * static_cast<double>(value));
    }
    out.push_back(sum);
    if (magnitude != nullptr) magnitude->push_back(size);
  }
  return out;
}

/// The algorithms that are chains of multiply-adds, whatever PackedConv2d would choose (Winograd:
/// winograd_test.cpp).
inline std::unique_ptr<ConvAlgorithm> make_direct(const Conv2dShape& shape, const float* weights, Isa isa,
                                                  SgemmFunction external) {
  if (fits_depthwise_lanes(shape, isa)) return make_depthwise_lane_convolution(shape, weights, isa);
  if (shape.in_channels == shape.groups) return make_depthwise_convolution(shape, weights, isa);
  if (external != nullptr) return make_external_convolution(shape, weights, external);
  return make_gemm_convolution(shape, weights, isa);
}

/// A convolution with every buffer between guard pages.
class Convolution {
 public:
  Convolution(const Conv2dShape& the_shape, Isa isa, SgemmFunction external = nullptr)
      : shape(the_shape),
        in(random_floats(in_count(shape), 1)),
        weights(random_floats(weight_count(shape), 2)),
        bias(random_floats(shape.out_channels, 3)),
        residual(random_floats(out_count(shape), 4)),
        packed(make_direct(shape, weights.data(), isa, external)) {}

  std::vector<float> run(int threads, const Epilogue& epilogue) const {
    return run(in.values(), threads, epilogue);
  }
  std::vector<float> run(const std::vector<float>& image, int threads, const Epilogue& epilogue) const {
    ThreadPool pool(threads);
    GuardedFloats guarded_in(image);
    GuardedFloats out(static_cast<std::size_t>(out_count(shape)));
    GuardedFloats workspace(packed->workspace_floats(threads));
    // Whatever lies in the workspace must not show.
    std::fill_n(workspace.data(), workspace.span().size(), std::numeric_limits<float>::quiet_NaN());
    packed->run(guarded_in.data(), out.data(), epilogue, workspace.span(), pool);
    return out.values();
  }

  Conv2dShape shape;
  GuardedFloats in, weights, bias, residual;
  std::unique_ptr<ConvAlgorithm> packed;
};

/// Values of a convolution with what an epilogue adds.
inline std::vector<float> finished(std::vector<float> values, const Conv2dShape& shape,
                                   const Epilogue& epilogue) {
  const std::int64_t plane = shape.out_rows() * shape.out_columns();
  for (std::int64_t i = 0; i < out_count(shape); ++i) {
    float& value = values[static_cast<std::size_t>(i)];
    value = finish(value, epilogue, i / plane % shape.out_channels, i);
  }
  return values;
}

/// That the direct algorithms give the bits of the definition, on every ISA.
inline void check(const Conv2dShape& shape) {
  SCOPED_TRACE(testing::PrintToString(shape));
  for (const Isa isa : supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    Convolution convolution(shape, isa);
    const std::vector<float> expected = chains(isa, shape, convolution.in.data(), convolution.weights.data());
    EXPECT_TRUE(same_bits(convolution.run(1, {}), expected));
    const Epilogue all{convolution.bias.data(), convolution.residual.data(), Activation::clamp(0, 2.0F)};
    EXPECT_TRUE(same_bits(convolution.run(3, all), finished(expected, shape, all)));
    const Epilogue clipped{convolution.bias.data(), nullptr, Activation::clamp(0, 0.375F)};
    EXPECT_TRUE(same_bits(convolution.run(1, clipped), finished(expected, shape, clipped)));
  }
}

/// A square kernel, stride and padding alike in both directions.
inline Conv2dShape square(std::int64_t in_channels, std::int64_t rows, std::int64_t columns,
                          std::int64_t out_channels, std::int64_t kernel, std::int64_t stride,
                          std::int64_t padding) {
  return {.in_channels = in_channels,
          .in_rows = rows,
          .in_columns = columns,
          .out_channels = out_channels,
          .kernel_rows = kernel,
          .kernel_columns = kernel,
          .stride_rows = stride,
          .stride_columns = stride,
          .padding_rows = padding,
          .padding_columns = padding};
}

inline Conv2dShape random_shape(std::mt19937& generator) {
  const auto pick = [&generator](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(generator() % static_cast<std::uint32_t>(high - low + 1));
  };
  while (true) {
    Conv2dShape s;
    s.batch = pick(1, 2);
    s.groups = pick(0, 2) == 0 ? pick(2, 4) : 1;
    s.in_channels = s.groups * pick(1, 5);
    s.out_channels = s.groups * pick(1, 9);
    s.in_rows = pick(1, 16);
    s.in_columns = pick(1, 40);
    s.kernel_rows = pick(1, 5);
    s.kernel_columns = pick(1, 5);
    s.stride_rows = pick(1, 5);
    s.stride_columns = pick(1, 5);
    s.padding_rows = pick(0, s.kernel_rows);
    s.padding_columns = pick(0, s.kernel_columns);
    s.dilation_rows = pick(1, 3);
    s.dilation_columns = pick(1, 3);
    if (pick(0, 1) == 0) {  // as much padding as there is, or another one, at the bottom and right
      s.extra_rows = pick(-s.padding_rows, 3);
      s.extra_columns = pick(-s.padding_columns, 3);
    }
    const bool fits =
        s.in_rows + 2 * s.padding_rows + s.extra_rows > s.dilation_rows * (s.kernel_rows - 1) &&
        s.in_columns + 2 * s.padding_columns + s.extra_columns > s.dilation_columns * (s.kernel_columns - 1);
    if (fits) return s;
  }
}

}  // namespace test
}  // namespace edge::kernels
