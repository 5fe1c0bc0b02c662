// The table of activations that each ISA implements, and the definition of their tanh. Included by the ISA
// files, hence no inline code in here.
#pragma once

#include <cstddef>

#include "kernels/activation.h"
#include "kernels/cpu.h"

namespace edge::kernels {

struct ActivationKernels {
  Isa isa;
  /// Any kind but none. In place if in == out.
  void (*run)(const Activation& activation, const float* in, float* out, std::size_t count);
};

/// Below it exp(x) counts as 0 in sigmoid, SiLU and Mish: what they make of it would be so small that
/// products with weights are denormal, which x86 takes a hundred times as long for.
inline constexpr float negligible = -50.0F;

/// tanh(x) = x + x^3 p(x^2) for |x| < `limit`, p a polynomial of degree 4, a minimax fit of relative error
/// 1e-9 that was computed with Remez' exchange; else (1 - e(-2 |x|)) / (1 + e(-2 |x|)) with the sign of x.
namespace hyperbolic_tangent {
constexpr float limit = 0.55F;
constexpr float p0 = -0.333333164F, p1 = 0.13332586F, p2 = -0.0538523085F, p3 = 0.0210716743F,
                p4 = -0.00627423404F;
}  // namespace hyperbolic_tangent

extern const ActivationKernels activation_scalar;
extern const ActivationKernels activation_neon;  ///< only in builds with EDGE_HAVE_NEON
extern const ActivationKernels activation_avx2;  ///< only in builds with EDGE_HAVE_AVX2

}  // namespace edge::kernels
