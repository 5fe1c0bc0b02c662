// The registry of Winograd transforms and the choice of a variant for a convolution. Any thread, no errors.
#include "kernels/winograd.h"

#include <algorithm>
#include <array>

#include "kernels/rounding.h"
#include "kernels/winograd_kernels.h"

namespace edge::kernels {

Variants<WinogradKernels> winograd_kernels() {
  static constexpr const WinogradKernels* variants[] = {
    &winograd_kernels_scalar,
#if defined(EDGE_HAVE_NEON)
    &winograd_kernels_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &winograd_kernels_avx2,
#endif
  };
  return variants;
}

const WinogradKernels& winograd_kernels(Isa isa) {
  return variant_for(isa, winograd_kernels());
}

namespace {

/// Costs in multiply-adds of a gemm, from bench_winograd on AVX2, transforms of the input and output doubled
/// for the memory behind them; NEON's ratios are alike. No accuracy decides between them: against double
/// precision all are within 1e-5 (docs/performance.md), far below what a network needs.
struct Candidate {
  WinogradTile tile;
  std::int64_t outputs, taps;
  std::int64_t input_cost, output_cost;  ///< one tile of one channel
  std::int64_t weight_cost;              ///< one pair of input and output channel
};
constexpr std::array candidates = {
    Candidate{WinogradTile::f4x3, 4, 3, 500, 400, 240},
    Candidate{WinogradTile::f6x3, 6, 3, 900, 800, 300},
    Candidate{WinogradTile::f4x5, 4, 5, 900, 500, 320},
};

}  // namespace

std::optional<WinogradTile> choose_winograd(const Conv2dShape& shape) {
  const bool suits = shape.kernel_rows == shape.kernel_columns && shape.stride_rows == 1 &&
                     shape.stride_columns == 1 && shape.dilation_rows == 1 && shape.dilation_columns == 1 &&
                     shape.groups == 1;
  if (!suits) return std::nullopt;
  const std::int64_t pairs = shape.in_channels * shape.out_channels;
  // Fewer terms per sum: the product costs more per multiply-add, as its sums come and go through memory.
  const std::int64_t term_overhead = 16;
  const std::int64_t taps = shape.kernel_rows * shape.kernel_columns;
  const std::int64_t positions = shape.out_rows() * shape.out_columns();
  constexpr std::int64_t panel = 4;
  std::int64_t best_cost =
      shape.batch * divide_up(positions, panel) * panel *
      ((shape.in_channels * taps + term_overhead) * shape.out_channels + shape.in_channels * taps * 4);
  std::optional<WinogradTile> best;
  for (const Candidate& candidate : candidates) {
    if (candidate.taps != shape.kernel_rows) continue;
    const std::int64_t alpha = candidate.outputs + candidate.taps - 1;
    const std::int64_t tiles =
        divide_up(shape.out_rows(), candidate.outputs) * divide_up(shape.out_columns(), candidate.outputs);
    const std::int64_t cost = shape.batch * (round_up(tiles, panel) * alpha * alpha *
                                                 (shape.in_channels + term_overhead) * shape.out_channels +
                                             tiles * (shape.in_channels * candidate.input_cost +
                                                      shape.out_channels * candidate.output_cost)) +
                              pairs * candidate.weight_cost;
    if (cost < best_cost) {
      best_cost = cost;
      best = candidate.tile;
    }
  }
  return best;
}

}  // namespace edge::kernels
