// The softmax kernels written once for all vector ISAs, over the vector type (kernels/<isa>/vector_<isa>.h)
// of the one file that instantiates them. The arithmetic is that of kernels/scalar/softmax_scalar.cpp. Pure
// functions, no errors.
#pragma once

#include <cstddef>

#include "kernels/exponential_loops.h"
#include "kernels/softmax_kernels.h"

namespace edge::kernels::vector_loops {

template <class V>
float largest(const float* in, std::size_t count) {
  constexpr std::size_t lanes = V::lanes;
  if (count < lanes) {
    float result = in[0];
    for (std::size_t i = 1; i < count; ++i) result = in[i] > result ? in[i] : result;
    return result;
  }
  auto all = V::load(in);
  for (std::size_t i = lanes; i + lanes <= count; i += lanes) all = V::max(all, V::load(in + i));
  all = V::max(all, V::load(in + count - lanes));  // overlaps, which does no harm
  float values[lanes];
  V::store(values, all);
  float result = values[0];
  for (std::size_t i = 1; i < lanes; ++i) result = values[i] > result ? values[i] : result;
  return result;
}

template <class V>
float exponentials(const float* in, float* out, std::size_t count, float largest_value) {
  constexpr int lanes = V::lanes;
  constexpr int parts = 16 / lanes;
  typename V::type sums[parts];
  for (auto& sum : sums) sum = V::set(0.0F);
  const auto shift = V::set(largest_value);
  const auto sixteen = [&](const float* from, float* to) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int part = 0; part < parts; ++part) {
      const auto value = e<V>(V::sub(V::load(from + part * lanes), shift));
      V::store(to + part * lanes, value);
      sums[part] = V::add(sums[part], value);
    }
  };
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) sixteen(in + i, out + i);
  if (i < count) {  // missing elements count as 0
    float rest[16];
    for (std::size_t k = 0; k < 16; ++k) rest[k] = i + k < count ? in[i + k] : -__builtin_inff();
    sixteen(rest, rest);
    for (std::size_t k = 0; i + k < count; ++k) out[i + k] = rest[k];
  }
  float values[16];
  for (int part = 0; part < parts; ++part) V::store(values + part * lanes, sums[part]);
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) values[k] += values[k + half];
  }
  return values[0];
}

template <class V>
void divide(float* values, std::size_t count, float divisor) {
  constexpr std::size_t lanes = V::lanes;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) V::store(values + i, V::div(V::load(values + i), V::set(divisor)));
  for (; i < count; ++i) values[i] /= divisor;
}

}  // namespace edge::kernels::vector_loops
