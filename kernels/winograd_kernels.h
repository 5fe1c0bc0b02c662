// What each instruction set contributes to Winograd convolution: the three transforms of every variant.
// Used by conv_winograd.cpp, tests and benchmarks. Immutable tables, any thread, no errors.
//
// F(m, r) computes m x m outputs of an r x r convolution from (m + r - 1)^2 products instead of (m r)^2
// (Lavin, Gray: "Fast Algorithms for Convolutional Neural Networks", 2016). The matrices follow from
// Toom-Cook interpolation at the points 0, +-a, +-b (, +-c) and infinity:
//   alpha = 6:  a = 3/4, b = 3/2           (half the rounding error of the usual 1, 2)
//   alpha = 8:  a = 1, b = 2, c = 1/2
// Every transform is a fixed sequence of multiplications, additions and fused multiply-adds for each tile, so
// the result depends neither on the position of a tile among others nor on the (FMA-capable) ISA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu.h"
#include "kernels/variants.h"
#include "kernels/winograd.h"

namespace edge::kernels {

/// One F(m, r) on one ISA. `name` is its contract: "f32-winograd F(m,r) isa". "Points" are the alpha x alpha
/// positions of a transformed tile, row by row; the values of one point lie `point_stride` floats behind
/// those of the point before.
struct WinogradVariant {
  const char* name;
  int outputs;  ///< m
  int taps;     ///< r

  int alpha() const { return outputs + taps - 1; }
  int points() const { return alpha() * alpha(); }

  /// For each of the ISA's lanes: the tile of alpha x alpha pixels at image + offsets[lane], rows row_stride
  /// apart, becomes points[p * point_stride + lane]. Up to 8 - alpha floats behind a tile's rows are read.
  void (*transform_input)(const float* image, std::ptrdiff_t row_stride, const std::int32_t* offsets,
                          float* points, std::ptrdiff_t point_stride);
  /// The inverse for one output channel: points[p * point_stride + lane] become m x m outputs per lane, plus
  /// `bias`, ReLU if wanted, at out[row * row_stride + lane * m + column]. Up to
  /// WinogradKernels::output_overrun floats behind the last lane's rows are overwritten.
  void (*transform_output)(const float* points, std::ptrdiff_t point_stride, float bias, bool relu,
                           float* out, std::ptrdiff_t row_stride);
  /// The same, then ReLU in any case, then 2 x 2 max pooling: m/2 x m/2 outputs per lane, at out[row *
  /// row_stride + lane * m/2 + column]; up to WinogradKernels::pooled_overrun floats behind are overwritten.
  void (*transform_output_pooled)(const float* points, std::ptrdiff_t point_stride, float bias, bool relu,
                                  float* out, std::ptrdiff_t row_stride);
  /// The inverse for one tile of as many output channels as there are lanes: points[p * point_stride + lane],
  /// `biases` one per lane, outputs at out[lane * channel_stride + row * row_stride + column] and nowhere
  /// else.
  void (*transform_output_channels)(const float* points, std::ptrdiff_t point_stride, const float* biases,
                                    bool relu, float* out, std::ptrdiff_t channel_stride,
                                    std::ptrdiff_t row_stride);
  /// Two rows of points, 2 x alpha of them, for `count` weights (a multiple of the ISA's lanes): rows 0 and
  /// alpha - 1 for pair 0, 2 x pair - 1 and 2 x pair else. taps[(i / lanes * r^2 + tap) * lanes + i % lanes]
  /// to points[p * point_stride + i].
  void (*transform_weights)(const float* taps, std::ptrdiff_t count, int pair, float* points,
                            std::ptrdiff_t point_stride);
};

inline constexpr int winograd_largest_points = 64;
inline constexpr int winograd_most_lanes = 8;
inline constexpr int winograd_overrun = 8;  ///< floats that a transform may touch behind a tile's rows

struct WinogradKernels {
  Isa isa;
  int output_overrun;  ///< floats
  int pooled_overrun;
  int lanes;                        ///< tiles per call; divides the nr of the ISA's gemm kernels
  const WinogradVariant* variants;  ///< in the order of WinogradTile

  const WinogradVariant& variant(WinogradTile tile) const { return variants[static_cast<int>(tile)]; }
};

inline constexpr int winograd_variant_count = 3;

extern const WinogradKernels winograd_kernels_scalar;
extern const WinogradKernels winograd_kernels_avx2;
extern const WinogradKernels winograd_kernels_neon;

/// Every ISA of this build, scalar first.
Variants<WinogradKernels> winograd_kernels();
const WinogradKernels& winograd_kernels(Isa isa);

}  // namespace edge::kernels
