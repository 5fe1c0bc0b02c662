// Dispatch of activations to their variants. Pure functions, thread-safe.
#include "kernels/activation.h"

#include <algorithm>
#include <cstring>

#include "kernels/activation_variants.h"
#include "kernels/pointwise.h"

namespace edge::kernels {

Variants<ActivationKernels> activation_variants() {
  static constexpr const ActivationKernels* variants[] = {
    &activation_scalar,
#if defined(EDGE_HAVE_NEON)
    &activation_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &activation_avx2,
#endif
  };
  return variants;
}

namespace {

void activate_unscaled(Isa isa, const Activation& activation, const float* in, float* out,
                       std::size_t count) {
  if (activation.kind == Activation::Kind::none) {
    if (in != out && count > 0) std::memmove(out, in, count * sizeof(float));
  } else if (!rectifies(activation)) {
    variant_for(isa, activation_variants()).run(activation, in, out, count);
  } else if (activation.b == std::numeric_limits<float>::infinity()) {
    relu(isa, in, out, count);
  } else {
    clipped_relu(isa, in, out, count, activation.b);
  }
}

}  // namespace

void activate(Isa isa, const Activation& activation, const float* in, float* out, std::size_t count) {
  if (!activation.is_scaled()) return activate_unscaled(isa, activation, in, out, count);
  constexpr std::size_t piece = 2048;  // stays in L1 between both
  for (std::size_t begin = 0; begin < count; begin += piece) {
    const std::size_t size = std::min(piece, count - begin);
    activate_unscaled(isa, activation.scaled(1, 0), in + begin, out + begin, size);
    scale_shift(isa, out + begin, out + begin, size, activation.scale, activation.shift, {});
  }
}

}  // namespace edge::kernels
