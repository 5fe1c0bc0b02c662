// Activations written once for all vector ISAs, over the vector type (kernels/<isa>/vector_<isa>.h) of the
// one file that instantiates them. The arithmetic is that of kernels/scalar/activation_scalar.cpp. So that a
// value does not depend on where in an array it lies, the rest behind the last whole vector goes through a
// vector too. Pure functions, no errors.
#pragma once

#include <cstddef>

#include "kernels/activation_kernels.h"
#include "kernels/exponential_loops.h"
#include "kernels/vector_group.h"

namespace edge::kernels::vector_loops {

/// min(max(x, low), high)
template <class V>
[[gnu::always_inline]] inline typename V::type clamped(typename V::type x, typename V::type low,
                                                       typename V::type high) {
  const auto above = V::if_less(x, low, low, x);
  return V::if_less(high, above, high, above);
}

/// numerator / (1 + exp(-x)); 0 where that is negligible.
template <class V>
[[gnu::always_inline]] inline typename V::type times_sigmoid(typename V::type numerator, typename V::type x) {
  const auto low = V::set(negligible);
  const auto high = V::set(-negligible);
  const auto above = V::max(low, V::sub(V::set(0.0F), x));  // the second one if it is NaN
  const auto power = e_within<V>(V::if_less(high, above, high, above));
  return V::div(V::zero_if_less(x, low, numerator), V::add(V::set(1.0F), power));
}

/// tanh(log(1 + exp(x))) = ((1 + exp(x))^2 - 1) / ((1 + exp(x))^2 + 1)
template <class V>
[[gnu::always_inline]] inline typename V::type tanh_of_softplus(typename V::type x) {
  const auto one = V::set(1.0F);
  const auto two = V::set(2.0F);
  const auto u = e<V>(V::minus_abs(x), negligible);
  const auto n = V::mul(u, V::add(u, two));  // x < 0: u = exp(x)
  const auto p = V::fma(two, u, one);        // x >= 0: u = exp(-x)
  const auto q = V::fma(V::mul(two, u), u, p);
  const auto zero = V::set(0.0F);
  return V::div(V::if_less(x, zero, n, p), V::if_less(x, zero, V::add(n, two), q));
}

template <class V>
[[gnu::always_inline]] inline typename V::type hyperbolic_tangent_of(typename V::type x) {
  using namespace hyperbolic_tangent;
  const auto one = V::set(1.0F);
  const auto z = V::mul(x, x);
  auto p = V::fma(V::set(p4), z, V::set(p3));
  p = V::fma(p, z, V::set(p2));
  p = V::fma(p, z, V::set(p1));
  p = V::fma(p, z, V::set(p0));
  const auto small = V::fma(V::mul(x, z), p, x);
  const auto negative = V::minus_abs(x);
  const auto u = e<V>(V::add(negative, negative));
  const auto large = V::div(V::sub(one, u), V::add(one, u));
  const auto with_sign = V::if_less(x, V::set(0.0F), V::sub(V::set(0.0F), large), large);
  return V::if_less(V::set(-limit), negative, small, with_sign);
}

template <class V, Activation::Kind kind>
[[gnu::always_inline]] inline typename V::type activated(typename V::type x, typename V::type a,
                                                         typename V::type b) {
  using Kind = Activation::Kind;
  const auto zero = V::set(0.0F);
  const auto one = V::set(1.0F);
  if constexpr (kind == Kind::clamp) return clamped<V>(x, a, b);
  if constexpr (kind == Kind::leaky_relu) return V::if_less(x, zero, V::mul(x, a), x);
  if constexpr (kind == Kind::elu) {
    return V::if_less(x, zero, V::mul(a, V::sub(e<V>(V::minus_abs(x)), one)), x);
  }
  if constexpr (kind == Kind::sigmoid) return times_sigmoid<V>(one, x);
  if constexpr (kind == Kind::hard_sigmoid) return clamped<V>(V::fma(a, x, b), zero, one);
  if constexpr (kind == Kind::hard_swish) return V::mul(x, clamped<V>(V::fma(a, x, b), zero, one));
  if constexpr (kind == Kind::silu) return times_sigmoid<V>(x, x);
  if constexpr (kind == Kind::mish) return V::mul(x, tanh_of_softplus<V>(x));
  if constexpr (kind == Kind::tanh) return hyperbolic_tangent_of<V>(x);
}

template <class V, Activation::Kind kind>
void activate_all(const Activation& activation, const float* in, float* out, std::size_t count) {
  constexpr std::size_t lanes = V::lanes;
  using Several = Group<V, sizeof(void*) == 8 ? 4 : 2>;  // as the registers allow
  const auto a = V::set(activation.a);
  const auto b = V::set(activation.b);
  if (count < lanes) {
    float values[lanes] = {};
    for (std::size_t i = 0; i < count; ++i) values[i] = in[i];
    V::store(values, activated<V, kind>(V::load(values), a, b));
    for (std::size_t i = 0; i < count; ++i) out[i] = values[i];
    return;
  }
  // The last vector may overlap the one before, which may overwrite its input.
  const auto last = activated<V, kind>(V::load(in + count - lanes), a, b);
  std::size_t i = 0;
  for (; i + Several::lanes <= count; i += Several::lanes) {
    Several::store(out + i, activated<Several, kind>(Several::load(in + i), Several::set(activation.a),
                                                     Several::set(activation.b)));
  }
  for (; i + lanes < count; i += lanes) {
    V::store(out + i, activated<V, kind>(V::load(in + i), a, b));
  }
  V::store(out + count - lanes, last);
}

template <class V>
void activate(const Activation& activation, const float* in, float* out, std::size_t count) {
  using Kind = Activation::Kind;
  switch (activation.kind) {
    case Kind::none:
      return;
    case Kind::clamp:
      return activate_all<V, Kind::clamp>(activation, in, out, count);
    case Kind::leaky_relu:
      return activate_all<V, Kind::leaky_relu>(activation, in, out, count);
    case Kind::elu:
      return activate_all<V, Kind::elu>(activation, in, out, count);
    case Kind::sigmoid:
      return activate_all<V, Kind::sigmoid>(activation, in, out, count);
    case Kind::hard_sigmoid:
      return activate_all<V, Kind::hard_sigmoid>(activation, in, out, count);
    case Kind::hard_swish:
      return activate_all<V, Kind::hard_swish>(activation, in, out, count);
    case Kind::silu:
      return activate_all<V, Kind::silu>(activation, in, out, count);
    case Kind::mish:
      return activate_all<V, Kind::mish>(activation, in, out, count);
    case Kind::tanh:
      return activate_all<V, Kind::tanh>(activation, in, out, count);
  }
}

}  // namespace edge::kernels::vector_loops
