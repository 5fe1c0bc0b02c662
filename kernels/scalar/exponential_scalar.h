// The exponential of kernels/softmax_kernels.h, as the readable truth. For kernels/scalar/*.cpp. Pure
// function.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/softmax_kernels.h"

namespace edge::kernels::scalar {

/// e(x) for x in [-87, 87]; NaN for NaN, anything for others.
inline float e_within(float x) {
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
  return fraction * power;
}

/// e(x) for x <= 0; NaN for NaN, 0 below `lowest`.
inline float e(float x, float lowest = exponential::smallest) {
  return x < lowest ? 0.0F : e_within(x);
}

}  // namespace edge::kernels::scalar
