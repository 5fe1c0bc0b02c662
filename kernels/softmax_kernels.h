// The table of softmax kernels that each ISA implements, one row at a time; the definition of their
// exponential. Included by the ISA files, hence no inline code in here.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace edge::kernels {

struct SoftmaxKernels {
  Isa isa;
  /// Largest of `count` >= 1 values; anything if one is NaN.
  float (*largest)(const float* in, std::size_t count);
  /// out = e(in - largest), which is not above 0; returns the sum of them: element k goes to sum k mod 16,
  /// then the sums are added in halves: i and i + 8, i and i + 4, i and i + 2, 0 and 1. In place if in ==
  /// out.
  float (*exponentials)(const float* in, float* out, std::size_t count, float largest);
  /// values /= divisor, correctly rounded.
  void (*divide)(float* values, std::size_t count, float divisor);
};

/// e(x) for x <= 0: x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's reduction, ln 2 in two parts), then
/// e(x) = 2^n (1 + r + r^2 q(r)), q a polynomial of degree 4, a minimax fit of relative error 3.9e-9 that was
/// computed with Remez' exchange. Every step is one fused multiply-add; the result is within 0.9 units in
/// the last place. Below `smallest`, where the result would be denormal (which armv7 NEON flushes),
/// it is 0.
namespace exponential {
constexpr float log2_e = 1.44269502F;
constexpr float rounding = 12582912.0F;  ///< 1.5 x 2^23: adding it rounds to an integer
constexpr float ln2_high = 0.693147182F;
constexpr float ln2_low = -1.90465421e-9F;
constexpr float q0 = 0.49999994F, q1 = 0.166665211F, q2 = 0.041668389F, q3 = 0.00836871006F,
                q4 = 0.00138146128F;
constexpr float smallest = -87.3365402F;
}  // namespace exponential

extern const SoftmaxKernels softmax_scalar;
extern const SoftmaxKernels softmax_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const SoftmaxKernels softmax_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
