// Dispatch of the elementwise kernels to their variants. Pure functions, thread-safe.
#include "kernels/pointwise.h"

#include <algorithm>

#include "kernels/pointwise_variants.h"

namespace edge::kernels {

Variants<PointwiseKernels> pointwise_variants() {
  static constexpr const PointwiseKernels* variants[] = {
    &pointwise_scalar,
#if defined(EDGE_HAVE_NEON)
    &pointwise_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &pointwise_avx2,
#endif
  };
  return variants;
}

void relu(Isa isa, const float* in, float* out, std::size_t count) {
  variant_for(isa, pointwise_variants()).relu(in, out, count);
}

namespace {

/// make(begin, count, relu) makes a piece of the output, with ReLU if asked for. Other activations follow
/// while the piece is in L1.
template <class Make>
void make_activated(Isa isa, const Activation& activation, float* out, std::size_t count, const Make& make) {
  const bool relu = activation == Activation::relu();
  if (relu || activation.kind == Activation::Kind::none) return make(0, count, relu);
  constexpr std::size_t piece = 2048;
  for (std::size_t begin = 0; begin < count; begin += piece) {
    const std::size_t size = std::min(piece, count - begin);
    make(begin, size, false);
    activate(isa, activation, out + begin, out + begin, size);
  }
}

}  // namespace

void add(Isa isa, const float* a, const float* b, float* out, std::size_t count,
         const Activation& activation) {
  const PointwiseKernels& kernels = variant_for(isa, pointwise_variants());
  make_activated(isa, activation, out, count, [&](std::size_t begin, std::size_t size, bool relu) {
    kernels.add(a + begin, b + begin, out + begin, size, relu);
  });
}

void scale_shift(Isa isa, const float* in, float* out, std::size_t count, float scale, float shift,
                 const Activation& activation) {
  const PointwiseKernels& kernels = variant_for(isa, pointwise_variants());
  make_activated(isa, activation, out, count, [&](std::size_t begin, std::size_t size, bool relu) {
    kernels.scale_shift(in + begin, out + begin, size, scale, shift, relu);
  });
}

void rgb_to_planar(Isa isa, const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels) {
  variant_for(isa, pointwise_variants()).rgb_to_planar(rgb, planes, pixels);
}

void u8_to_unit_float(Isa isa, const std::uint8_t* in, float* out, std::size_t count) {
  variant_for(isa, pointwise_variants()).u8_to_unit_float(in, out, count);
}

void clipped_relu(Isa isa, const float* in, float* out, std::size_t count, float ceiling) {
  variant_for(isa, pointwise_variants()).clipped_relu(in, out, count, ceiling);
}

}  // namespace edge::kernels
