// The four basic operations written once for all vector ISAs, over the vector type of the one file that
// instantiates them. Pure functions, no errors.
#pragma once

#include <cstddef>

#include "kernels/binary_kernels.h"

namespace edge::kernels::vector_loops {

/// One operand: values one after the other, or one for all.
template <class V, bool repeated>
struct Operand {
  const float* values;
  typename V::type all;

  [[gnu::always_inline]] explicit Operand(const float* from) : values(from), all(V::set(*from)) {}
  [[gnu::always_inline]] typename V::type vector(std::size_t i) const {
    return repeated ? all : V::load(values + i);
  }
  [[gnu::always_inline]] float value(std::size_t i) const { return values[repeated ? 0 : i]; }
};

template <class V, BinaryFunction function, bool a_repeated, bool b_repeated>
void basic_run(const float* a_values, const float* b_values, float* out, std::size_t count) {
  constexpr std::size_t lanes = V::lanes;
  const Operand<V, a_repeated> a(a_values);
  const Operand<V, b_repeated> b(b_values);
  const auto apply = [](typename V::type x, typename V::type y) __attribute__((always_inline)) {
    if constexpr (function == BinaryFunction::add) return V::add(x, y);
    if constexpr (function == BinaryFunction::subtract) return V::sub(x, y);
    if constexpr (function == BinaryFunction::multiply) return V::mul(x, y);
    if constexpr (function == BinaryFunction::divide) return V::div(x, y);
  };
  std::size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto first = apply(a.vector(i), b.vector(i));
    const auto second = apply(a.vector(i + lanes), b.vector(i + lanes));
    V::store(out + i, first);
    V::store(out + i + lanes, second);
  }
  for (; i < count; ++i) {  // one lane at a time, so that denormals are treated alike
    float result[lanes];
    V::store(result, apply(V::set(a.value(i)), V::set(b.value(i))));
    out[i] = result[0];
  }
}

template <class V, BinaryFunction function>
void basic_steps(const float* a, std::size_t a_step, const float* b, std::size_t b_step, float* out,
                 std::size_t count) {
  if (count == 0) return;
  if (a_step != 0 && b_step != 0) return basic_run<V, function, false, false>(a, b, out, count);
  if (a_step != 0) return basic_run<V, function, false, true>(a, b, out, count);
  if (b_step != 0) return basic_run<V, function, true, false>(a, b, out, count);
  return basic_run<V, function, true, true>(a, b, out, count);
}

template <class V>
void basic_binary(BinaryFunction function, const float* a, std::size_t a_step, const float* b,
                  std::size_t b_step, float* out, std::size_t count) {
  switch (function) {
    case BinaryFunction::add:
      return basic_steps<V, BinaryFunction::add>(a, a_step, b, b_step, out, count);
    case BinaryFunction::subtract:
      return basic_steps<V, BinaryFunction::subtract>(a, a_step, b, b_step, out, count);
    case BinaryFunction::multiply:
      return basic_steps<V, BinaryFunction::multiply>(a, a_step, b, b_step, out, count);
    default:
      return basic_steps<V, BinaryFunction::divide>(a, a_step, b, b_step, out, count);
  }
}

}  // namespace edge::kernels::vector_loops
