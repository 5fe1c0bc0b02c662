// Dispatch of the elementwise kernels to their variants. Pure functions, thread-safe.
#include "kernels/pointwise.h"

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

void add(Isa isa, const float* a, const float* b, float* out, std::size_t count, bool relu) {
  variant_for(isa, pointwise_variants()).add(a, b, out, count, relu);
}

void scale_shift(Isa isa, const float* in, float* out, std::size_t count, float scale, float shift,
                 bool relu) {
  variant_for(isa, pointwise_variants()).scale_shift(in, out, count, scale, shift, relu);
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
