// The exponential of kernels/softmax_kernels.h for all vector ISAs, over the vector type
// (kernels/<isa>/vector_<isa>.h) of the file that instantiates it. The arithmetic is that of the scalar one.
#pragma once

#include "kernels/softmax_kernels.h"

namespace edge::kernels::vector_loops {

/// e(x) for x in [-87, 87]; NaN for NaN, anything for others.
template <class V>
[[gnu::always_inline]] inline typename V::type e_within(typename V::type x) {
  using namespace exponential;
  const auto shifted = V::fma(x, V::set(log2_e), V::set(rounding));
  const auto n = V::sub(shifted, V::set(rounding));
  const auto r = V::fma(n, V::set(-ln2_low), V::fma(n, V::set(-ln2_high), x));
  auto q = V::fma(V::set(q4), r, V::set(q3));
  q = V::fma(q, r, V::set(q2));
  q = V::fma(q, r, V::set(q1));
  q = V::fma(q, r, V::set(q0));
  const auto one = V::set(1.0F);
  const auto fraction = V::fma(V::fma(q, r, one), r, one);
  return V::mul(fraction, V::power_of_two(shifted));
}

/// e(x) for x <= 0; NaN for NaN, 0 below `lowest`.
template <class V>
[[gnu::always_inline]] inline typename V::type e(typename V::type x, float lowest = exponential::smallest) {
  return V::zero_if_less(x, V::set(lowest), e_within<V>(x));
}

}  // namespace edge::kernels::vector_loops
