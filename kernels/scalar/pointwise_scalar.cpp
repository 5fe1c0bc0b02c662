// Elementwise kernels, the readable truth that the other ISAs are tested against. Pure functions,
// thread-safe.
#include <cmath>

#include "kernels/pointwise_kernels.h"

namespace edge::kernels {
namespace {

// The comparison is this way round so that NaN, which compares false, stays, and -0 becomes +0.
float rectified(float x) {
  return x <= 0.0F ? 0.0F : x;
}

void relu(const float* in, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = rectified(in[i]);
}

void add(const float* a, const float* b, float* out, std::size_t count, bool with_relu) {
  for (std::size_t i = 0; i < count; ++i) {
    const float sum = a[i] + b[i];
    out[i] = with_relu ? rectified(sum) : sum;
  }
}

void scale_shift(const float* in, float* out, std::size_t count, float scale, float shift, bool with_relu) {
  for (std::size_t i = 0; i < count; ++i) {
    const float shifted = std::fma(in[i], scale, shift);
    out[i] = with_relu ? rectified(shifted) : shifted;
  }
}

void clipped_relu(const float* in, float* out, std::size_t count, float ceiling) {
  for (std::size_t i = 0; i < count; ++i) {
    const float positive = rectified(in[i]);
    out[i] = positive >= ceiling ? ceiling : positive;
  }
}

void rgb_to_planar(const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t color = 0; color < 3; ++color) planes[color * pixels + i] = rgb[3 * i + color];
  }
}

void u8_to_unit_float(const std::uint8_t* in, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) / 255.0F;
}

}  // namespace

const PointwiseKernels pointwise_scalar = {
    Isa::scalar, relu, add, scale_shift, clipped_relu, rgb_to_planar, u8_to_unit_float};

}  // namespace edge::kernels
