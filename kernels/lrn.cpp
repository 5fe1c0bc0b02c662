// Local response normalisation: finds the windows, deals runs of pixels out to threads. Thread-safe.
#include "kernels/lrn.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/lrn_variants.h"

namespace edge::kernels {
namespace {

/// Pixels of a task: all its channels lie in L2, those of a window in L1.
constexpr std::int64_t run_pixels = 256;

LrnPower power_of(float beta) {
  if (beta == 0.5F) return LrnPower::half;
  if (beta == 0.75F) return LrnPower::three_quarters;
  if (beta == 1.0F) return LrnPower::one;
  return LrnPower::none;
}

}  // namespace

Variants<LrnKernels> lrn_variants() {
  static constexpr const LrnKernels* variants[] = {
    &lrn_scalar,
#if defined(EDGE_HAVE_NEON)
    &lrn_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &lrn_avx2,
#endif
  };
  return variants;
}

void local_response_norm(Isa isa, const LrnShape& shape, const float* in, float* out, ThreadPool& pool) {
  const LrnKernels& kernels = variant_for(isa, lrn_variants());
  const LrnPower power = power_of(shape.beta);
  const double beta = double{shape.beta};
  const std::int64_t runs = (shape.plane + run_pixels - 1) / run_pixels;
  pool.parallel_for(shape.batch * runs, [&](std::int64_t task, int /*thread*/) {
    const std::int64_t image = task / runs * shape.channels * shape.plane;
    const std::int64_t first_pixel = task % runs * run_pixels;
    LrnRow row;
    row.channel_step = static_cast<std::ptrdiff_t>(shape.plane);
    row.count = static_cast<std::ptrdiff_t>(std::min(run_pixels, shape.plane - first_pixel));
    row.scale = static_cast<float>(double{shape.alpha} / static_cast<double>(shape.size));
    row.k = shape.k;
    for (std::int64_t channel = 0; channel < shape.channels; ++channel) {
      const std::int64_t first = std::max<std::int64_t>(channel - shape.size / 2, 0);
      const std::int64_t last = std::min(channel + (shape.size - 1) / 2, shape.channels - 1);
      row.window = in + image + first * shape.plane + first_pixel;
      row.channels = static_cast<std::ptrdiff_t>(last - first + 1);
      row.in = in + image + channel * shape.plane + first_pixel;
      row.out = out + image + channel * shape.plane + first_pixel;
      kernels.row(row, power);
      if (power != LrnPower::none) continue;
      for (std::ptrdiff_t i = 0; i < row.count; ++i) {
        row.out[i] = static_cast<float>(double{row.in[i]} / std::pow(double{row.out[i]}, beta));
      }
    }
  });
}

}  // namespace edge::kernels
