// Several vectors as one vector type, for kernels written once for all ISAs (kernels/*_loops.h): each step is
// done for all of them before the next one, so that long chains of dependent steps (an exponential) run side
// by side. Compilers keep the order of the source. Included by ISA files only; every function is inlined.
#pragma once

#include <cstddef>

namespace edge::kernels::vector_loops {

template <class V, int count>
struct Group {
  struct Parts {
    typename V::type parts[count];
  };
  using type = Parts;
  static constexpr int lanes = V::lanes * count;

  /// The vectors step(i) for all parts i.
  template <class Step>
  [[gnu::always_inline]] static type each(const Step& step) {
    type result;
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) result.parts[i] = step(i);
    return result;
  }

  [[gnu::always_inline]] static type load(const float* from) {
    return each([&](int i)
                    __attribute__((always_inline)) { return V::load(from + std::ptrdiff_t{i} * V::lanes); });
  }
  [[gnu::always_inline]] static void store(float* to, const type& v) {
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) V::store(to + std::ptrdiff_t{i} * V::lanes, v.parts[i]);
  }
  [[gnu::always_inline]] static type set(float x) {
    const auto all = V::set(x);
    return each([&](int) __attribute__((always_inline)) { return all; });
  }
  [[gnu::always_inline]] static type add(const type& a, const type& b) {
    return each([&](int i) __attribute__((always_inline)) { return V::add(a.parts[i], b.parts[i]); });
  }
  [[gnu::always_inline]] static type sub(const type& a, const type& b) {
    return each([&](int i) __attribute__((always_inline)) { return V::sub(a.parts[i], b.parts[i]); });
  }
  [[gnu::always_inline]] static type mul(const type& a, const type& b) {
    return each([&](int i) __attribute__((always_inline)) { return V::mul(a.parts[i], b.parts[i]); });
  }
  [[gnu::always_inline]] static type div(const type& a, const type& b) {
    return each([&](int i) __attribute__((always_inline)) { return V::div(a.parts[i], b.parts[i]); });
  }
  [[gnu::always_inline]] static type max(const type& a, const type& b) {
    return each([&](int i) __attribute__((always_inline)) { return V::max(a.parts[i], b.parts[i]); });
  }
  [[gnu::always_inline]] static type fma(const type& a, const type& b, const type& c) {
    return each([&](int i)
                    __attribute__((always_inline)) { return V::fma(a.parts[i], b.parts[i], c.parts[i]); });
  }
  [[gnu::always_inline]] static type power_of_two(const type& shifted) {
    return each([&](int i) __attribute__((always_inline)) { return V::power_of_two(shifted.parts[i]); });
  }
  [[gnu::always_inline]] static type zero_if_less(const type& x, const type& limit, const type& value) {
    return each([&](int i) __attribute__((always_inline)) {
      return V::zero_if_less(x.parts[i], limit.parts[i], value.parts[i]);
    });
  }
  [[gnu::always_inline]] static type if_less(const type& x, const type& limit, const type& yes,
                                             const type& no) {
    return each([&](int i) __attribute__((always_inline)) {
      return V::if_less(x.parts[i], limit.parts[i], yes.parts[i], no.parts[i]);
    });
  }
  [[gnu::always_inline]] static type minus_abs(const type& x) {
    return each([&](int i) __attribute__((always_inline)) { return V::minus_abs(x.parts[i]); });
  }
};

}  // namespace edge::kernels::vector_loops
