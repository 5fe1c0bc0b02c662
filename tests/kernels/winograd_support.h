// Winograd convolutions of random images, for tests.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {

using test::GuardedFloats;
using test::random_floats;

inline constexpr std::array winograd_tiles = {WinogradTile::f4x3, WinogradTile::f6x3, WinogradTile::f4x5};

inline std::int64_t taps_of(WinogradTile tile) {
  return tile == WinogradTile::f4x5 ? 5 : 3;
}

inline Conv2dShape make_shape(WinogradTile tile, std::int64_t in_channels, std::int64_t rows,
                              std::int64_t columns, std::int64_t out_channels, std::int64_t padding) {
  return {.in_channels = in_channels,
          .in_rows = rows,
          .in_columns = columns,
          .out_channels = out_channels,
          .kernel_rows = taps_of(tile),
          .kernel_columns = taps_of(tile),
          .padding_rows = padding,
          .padding_columns = padding};
}

inline std::string describe(const Conv2dShape& s) {
  return std::to_string(s.in_channels) + "x" + std::to_string(s.in_rows) + "x" +
         std::to_string(s.in_columns) + " -> " + std::to_string(s.out_channels) + ", kernel " +
         std::to_string(s.kernel_rows) + ", padding " + std::to_string(s.padding_rows) + "," +
         std::to_string(s.padding_columns);
}

/// A Winograd convolution with every buffer between guard pages.
struct WinogradRun {
  using Factory = std::unique_ptr<ConvAlgorithm> (*)(const Conv2dShape&, const float*, Isa, WinogradTile);

  WinogradRun(const Conv2dShape& the_shape, WinogradTile tile, Isa isa,
              Factory make = make_winograd_convolution_of_many_tiles)
      : shape(the_shape),
        in(random_floats(shape.batch * shape.in_channels * shape.in_rows * shape.in_columns, 1)),
        weights(random_floats(
            shape.out_channels * shape.in_channels * shape.kernel_rows * shape.kernel_columns, 2)),
        bias(random_floats(shape.out_channels, 3)),
        residual(random_floats(out_count(), 4)),
        algorithm(make(shape, weights.data(), isa, tile)) {}

  std::int64_t out_count() const {
    return shape.batch * shape.out_channels * shape.out_rows() * shape.out_columns();
  }
  std::vector<float> run(const std::vector<float>& image, int threads, const Epilogue& epilogue) const {
    ThreadPool pool(threads);
    GuardedFloats guarded_in(image);
    GuardedFloats out(static_cast<std::size_t>(out_count()));
    GuardedFloats workspace(algorithm->workspace_floats(threads));
    // Whatever lies in the workspace must not show.
    std::fill_n(workspace.data(), workspace.span().size(), std::numeric_limits<float>::quiet_NaN());
    algorithm->run(guarded_in.data(), out.data(), epilogue, workspace.span(), pool);
    return out.values();
  }
  std::vector<float> run(int threads, const Epilogue& epilogue) const {
    return run(in.values(), threads, epilogue);
  }
  /// Double precision.
  std::vector<float> reference(const Epilogue& epilogue) {
    std::vector<float> out(static_cast<std::size_t>(out_count()));
    conv2d_reference(shape, in.data(), weights.data(), epilogue.bias, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (epilogue.residual != nullptr) out[i] += epilogue.residual[i];
      if (epilogue.activation == Activation::relu()) out[i] = std::max(out[i], 0.0F);
    }
    return out;
  }

  Conv2dShape shape;
  GuardedFloats in, weights, bias, residual;
  std::unique_ptr<ConvAlgorithm> algorithm;
};

}  // namespace edge::kernels
