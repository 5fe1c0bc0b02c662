// Softmax kernels, the readable truth that the other ISAs are tested against. Pure functions, thread-safe.
#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/softmax_kernels.h"

namespace edge::kernels {
namespace {

float largest(const float* in, std::size_t count) {
  float result = in[0];
  for (std::size_t i = 1; i < count; ++i) result = in[i] > result ? in[i] : result;
  return result;
}

float e(float x) {
  using namespace exponential;
  const float shifted = std::fma(x, log2_e, rounding);
  const float n = shifted - rounding;
  const float r = std::fma(n, -ln2_low, std::fma(n, -ln2_high, x));
  float q = std::fma(q4, r, q3);
  q = std::fma(q, r, q2);
  q = std::fma(q, r, q1);
  q = std::fma(q, r, q0);
  const float fraction = std::fma(std::fma(q, r, 1.0F), r, 1.0F);
  // The low bits of `shifted` are n; moved into the exponent and added to that of 1 they make 2^n.
  const auto power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3F800000U);
  return x < smallest ? 0.0F : fraction * power;
}

float exponentials(const float* in, float* out, std::size_t count, float largest_value) {
  float sums[16] = {};
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = e(in[i] - largest_value);
    sums[i % 16] += out[i];
  }
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

void divide(float* values, std::size_t count, float divisor) {
  for (std::size_t i = 0; i < count; ++i) values[i] /= divisor;
}

}  // namespace

const SoftmaxKernels softmax_scalar = {Isa::scalar, largest, exponentials, divide};

}  // namespace edge::kernels
