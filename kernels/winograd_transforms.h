// The Winograd transforms, written once for all ISAs over a vector type that each ISA folder defines: one
// lane per tile (or weight). Included by kernels/<isa>/winograd_<isa>.cpp only; `Vector` lives in an unnamed
// namespace there, so that every instantiation stays in its file. No errors.
//
// Vector: a struct with the static members
//   type, lanes, load(p), store(p, v), set(x), add, sub, mul, fma(a, b, c) = a * b + c, fms(a, b, c) = c - a
//   * b, relu(v), load_rows<count>(p, offsets, v[8]): v[i] = lane-th tile's float i at p + offsets[lane]
//   store_rows<n>(v[n], p): p[lane * n + i] = v[i]'s lane; may overwrite 8 - n floats behind
//   store_lanes<n>(v[n], p, step): p[lane * step + i] = v[i]'s lane, and nothing else
//   max(a, b): of values that are +0, larger or NaN; NaN if one of them is
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/winograd_kernels.h"

namespace edge::kernels::winograd {

// Toom-Cook's matrices hold for a point the factor 1 / product of its differences to all other finite points
// ("scale"), usually in G. Here it is in B^T, as there are far more pairs of channels to transform than tiles
// where the transform of weights counts.

/// Interpolation points besides 0 and infinity (+x and -x of each pair), and what follows from them.
template <int alpha>
struct Points;

template <>
struct Points<6> {
  static constexpr float a = 0.75F, b = 1.5F;
  static constexpr float a2 = a * a, b2 = b * b;
  static constexpr float scale_0 = static_cast<float>(1.0 / (0.5625 * 2.25));
  static constexpr float scale_a = static_cast<float>(1.0 / (2 * 0.5625 * (0.5625 - 2.25)));
  static constexpr float scale_b = static_cast<float>(1.0 / (2 * 2.25 * (2.25 - 0.5625)));
  static constexpr float pair(int index) { return index == 1 ? a : b; }
};

template <>
struct Points<8> {
  static constexpr float scale_1 = static_cast<float>(1.0 / (2 * (1 - 4.0) * (1 - 0.25)));
  static constexpr float scale_2 = static_cast<float>(1.0 / (8 * (4.0 - 1) * (4 - 0.25)));
  static constexpr float scale_half = static_cast<float>(1.0 / (0.5 * (0.25 - 1) * (0.25 - 4)));
  static constexpr float pair(int index) { return index == 1 ? 1.0F : index == 2 ? 2.0F : 0.5F; }
};

/// B^T: alpha values to alpha points.
template <class V>
[[gnu::always_inline]] inline void input_6(const typename V::type (&d)[8], typename V::type (&r)[8]) {
  using P = Points<6>;
  const auto sum = V::set(P::a2 + P::b2);
  const auto product = V::set(P::a2 * P::b2);
  r[0] = V::fma(V::set(P::scale_0), d[4], V::fms(V::set((P::a2 + P::b2) * P::scale_0), d[2], d[0]));
  r[5] = V::fma(product, d[1], V::fms(sum, d[3], d[5]));
  const auto even_a = V::mul(V::set(P::scale_a), V::fms(V::set(P::b2), d[2], d[4]));
  const auto odd_a = V::fms(V::set(P::b2), d[1], d[3]);
  r[1] = V::fma(V::set(P::scale_a * P::a), odd_a, even_a);
  r[2] = V::fms(V::set(P::scale_a * P::a), odd_a, even_a);
  const auto even_b = V::mul(V::set(P::scale_b), V::fms(V::set(P::a2), d[2], d[4]));
  const auto odd_b = V::fms(V::set(P::a2), d[1], d[3]);
  r[3] = V::fma(V::set(P::scale_b * P::b), odd_b, even_b);
  r[4] = V::fms(V::set(P::scale_b * P::b), odd_b, even_b);
}

template <class V>
[[gnu::always_inline]] inline void input_8(const typename V::type (&d)[8], typename V::type (&r)[8]) {
  r[0] = V::fma(V::set(5.25F), V::sub(d[4], d[2]), V::sub(d[0], d[6]));
  r[7] = V::fma(V::set(5.25F), V::sub(d[3], d[5]), V::sub(d[7], d[1]));
  using P = Points<8>;
  const auto even_1 = V::mul(V::set(P::scale_1), V::fms(V::set(4.25F), d[4], V::add(d[2], d[6])));
  const auto odd_1 = V::fms(V::set(4.25F), d[3], V::add(d[1], d[5]));
  r[1] = V::fma(V::set(P::scale_1), odd_1, even_1);
  r[2] = V::fms(V::set(P::scale_1), odd_1, even_1);
  const auto even_2 =
      V::mul(V::set(P::scale_2), V::fma(V::set(0.25F), d[2], V::fms(V::set(1.25F), d[4], d[6])));
  const auto odd_2 = V::fma(V::set(0.25F), d[1], V::fms(V::set(1.25F), d[3], d[5]));
  r[3] = V::fma(V::set(P::scale_2 * 2.0F), odd_2, even_2);
  r[4] = V::fms(V::set(P::scale_2 * 2.0F), odd_2, even_2);
  const auto even_half =
      V::mul(V::set(P::scale_half), V::fma(V::set(4.0F), d[2], V::fms(V::set(5.0F), d[4], d[6])));
  const auto odd_half = V::fma(V::set(4.0F), d[1], V::fms(V::set(5.0F), d[3], d[5]));
  r[5] = V::fma(V::set(P::scale_half * 0.5F), odd_half, even_half);
  r[6] = V::fms(V::set(P::scale_half * 0.5F), odd_half, even_half);
}

/// A^T: alpha points to outputs.
template <class V>
[[gnu::always_inline]] inline void output_6(const typename V::type (&p)[8], typename V::type (&y)[8]) {
  using P = Points<6>;
  const auto sum_a = V::add(p[1], p[2]);
  const auto difference_a = V::sub(p[1], p[2]);
  const auto sum_b = V::add(p[3], p[4]);
  const auto difference_b = V::sub(p[3], p[4]);
  y[0] = V::add(p[0], V::add(sum_a, sum_b));
  y[1] = V::fma(V::set(P::b), difference_b, V::mul(V::set(P::a), difference_a));
  y[2] = V::fma(V::set(P::b2), sum_b, V::mul(V::set(P::a2), sum_a));
  y[3] = V::fma(V::set(P::b * P::b2), difference_b, V::fma(V::set(P::a * P::a2), difference_a, p[5]));
}

template <class V, int outputs>
[[gnu::always_inline]] inline void output_8(const typename V::type (&p)[8], typename V::type (&y)[8]) {
  const auto sum_1 = V::add(p[1], p[2]);
  const auto difference_1 = V::sub(p[1], p[2]);
  const auto sum_2 = V::add(p[3], p[4]);
  const auto difference_2 = V::sub(p[3], p[4]);
  const auto sum_half = V::add(p[5], p[6]);
  const auto difference_half = V::sub(p[5], p[6]);
  y[0] = V::add(V::add(p[0], sum_1), V::add(sum_2, sum_half));
  y[1] = V::fma(V::set(0.5F), difference_half, V::fma(V::set(2.0F), difference_2, difference_1));
  y[2] = V::fma(V::set(0.25F), sum_half, V::fma(V::set(4.0F), sum_2, sum_1));
  const auto y3 = V::fma(V::set(0.125F), difference_half, V::fma(V::set(8.0F), difference_2, difference_1));
  if constexpr (outputs == 4) {
    y[3] = V::add(y3, p[7]);
  } else {
    static_assert(outputs == 6);
    y[3] = y3;
    y[4] = V::fma(V::set(0.0625F), sum_half, V::fma(V::set(16.0F), sum_2, sum_1));
    y[5] = V::add(
        V::fma(V::set(0.03125F), difference_half, V::fma(V::set(32.0F), difference_2, difference_1)), p[7]);
  }
}

/// The values at +x and -x: g0 + x g1 + x^2 g2 ...
template <class V, int taps>
[[gnu::always_inline]] inline void weight_pair(const typename V::type (&g)[8], float x,
                                               typename V::type& plus, typename V::type& minus) {
  const float x2 = x * x;
  const auto even = V::fma(V::set(x2), g[2], g[0]);
  if constexpr (taps == 3) {
    plus = V::fma(V::set(x), g[1], even);
    minus = V::fms(V::set(x), g[1], even);
  } else {
    static_assert(taps == 5);
    const auto more = V::fma(V::set(x2 * x2), g[4], even);
    const auto odd = V::fma(V::set(x2), g[3], g[1]);
    plus = V::fma(V::set(x), odd, more);
    minus = V::fms(V::set(x), odd, more);
  }
}

/// G: taps to alpha points.
template <class V, int alpha, int taps>
[[gnu::always_inline]] inline void weights_1d(const typename V::type (&g)[8], typename V::type (&u)[8]) {
  u[0] = g[0];
#pragma GCC unroll 4
  for (int pair = 1; pair < alpha / 2; ++pair) {
    weight_pair<V, taps>(g, Points<alpha>::pair(pair), u[2 * pair - 1], u[2 * pair]);
  }
  u[alpha - 1] = g[taps - 1];
}

template <class V, int alpha>
[[gnu::always_inline]] inline void input_1d(const typename V::type (&d)[8], typename V::type (&r)[8]) {
  if constexpr (alpha == 6) input_6<V>(d, r);
  if constexpr (alpha == 8) input_8<V>(d, r);
}

template <class V, int outputs, int alpha>
[[gnu::always_inline]] inline void output_1d(const typename V::type (&p)[8], typename V::type (&y)[8]) {
  if constexpr (alpha == 6) output_6<V>(p, y);
  if constexpr (alpha == 8) output_8<V, outputs>(p, y);
}

template <class V, int outputs, int taps>
void transform_input(const float* image, std::ptrdiff_t row_stride, const std::int32_t* offsets,
                     float* points, std::ptrdiff_t point_stride) {
  constexpr int alpha = outputs + taps - 1;
  using Value = typename V::type;
  alignas(32) float half[alpha * alpha * V::lanes];  // rows transformed, column by column
  for (int row = 0; row < alpha; ++row, image += row_stride) {
    Value d[8];
    Value r[8];
    V::template load_rows<alpha>(image, offsets, d);
    input_1d<V, alpha>(d, r);
    float* to = half + row * V::lanes;
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) V::store_step(to, alpha * V::lanes, r[i]);
  }
  const float* from = half;
  for (int column = 0; column < alpha; ++column, points += point_stride) {
    Value d[8];
    Value r[8];
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) d[i] = V::load_step(from, V::lanes);
    input_1d<V, alpha>(d, r);
    float* to = points;
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) V::store_step(to, alpha * point_stride, r[i]);
  }
}

/// The second half of the output transform: one row of points to one row of outputs.
template <class V, int outputs, int alpha>
[[gnu::always_inline]] inline void finish_row(const float*& half, typename V::type bias, bool relu,
                                              typename V::type (&y)[8]) {
  typename V::type p[8];
#pragma GCC unroll 8
  for (int i = 0; i < alpha; ++i) p[i] = V::load_step(half, V::lanes);
  output_1d<V, outputs, alpha>(p, y);
#pragma GCC unroll 8
  for (int i = 0; i < outputs; ++i) y[i] = V::add(y[i], bias);
  if (relu) {
#pragma GCC unroll 8
    for (int i = 0; i < outputs; ++i) y[i] = V::relu(y[i]);
  }
}

/// The first half: columns of points, row by row to `half`.
template <class V, int outputs, int alpha>
[[gnu::always_inline]] inline void start_columns(const float* points, std::ptrdiff_t point_stride,
                                                 float* half) {
  using Value = typename V::type;
  for (int column = 0; column < alpha; ++column, points += point_stride) {
    Value p[8];
    Value y[8];
    const float* from = points;
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) p[i] = V::load_step(from, alpha * point_stride);
    output_1d<V, outputs, alpha>(p, y);
    float* to = half + column * V::lanes;
#pragma GCC unroll 8
    for (int i = 0; i < outputs; ++i) V::store_step(to, alpha * V::lanes, y[i]);
  }
}

/// With `pooled`, ReLU and the largest of every 2 x 2 outputs.
template <class V, int outputs, int taps, bool pooled>
void transform_output(const float* points, std::ptrdiff_t point_stride, float one_bias, bool relu, float* out,
                      std::ptrdiff_t row_stride) {
  constexpr int alpha = outputs + taps - 1;
  using Value = typename V::type;
  alignas(32) float half[outputs * alpha * V::lanes];
  start_columns<V, outputs, alpha>(points, point_stride, half);
  const float* from = half;
  const Value bias = V::set(one_bias);
  if constexpr (pooled) {
    for (int row = 0; row < outputs; row += 2, out += row_stride) {
      Value upper[8];
      Value lower[8];
      finish_row<V, outputs, alpha>(from, bias, true, upper);
      finish_row<V, outputs, alpha>(from, bias, true, lower);
      Value largest[8];
#pragma GCC unroll 4
      for (int i = 0; i < outputs / 2; ++i) {
        largest[i] = V::max(V::max(upper[2 * i], upper[2 * i + 1]), V::max(lower[2 * i], lower[2 * i + 1]));
      }
      V::template store_rows<outputs / 2>(largest, out);
    }
  } else {
    for (int row = 0; row < outputs; ++row, out += row_stride) {
      Value y[8];
      finish_row<V, outputs, alpha>(from, bias, relu, y);
      V::template store_rows<outputs>(y, out);
    }
  }
}

/// Lanes are output channels.
template <class V, int outputs, int taps>
void transform_output_channels(const float* points, std::ptrdiff_t point_stride, const float* biases,
                               bool relu, float* out, std::ptrdiff_t channel_stride,
                               std::ptrdiff_t row_stride) {
  constexpr int alpha = outputs + taps - 1;
  alignas(32) float half[outputs * alpha * V::lanes];
  start_columns<V, outputs, alpha>(points, point_stride, half);
  const float* from = half;
  const auto bias = V::load(biases);
  for (int row = 0; row < outputs; ++row, out += row_stride) {
    typename V::type y[8];
    finish_row<V, outputs, alpha>(from, bias, relu, y);
    V::template store_lanes<outputs>(y, out, channel_stride);
  }
}

/// Rows `pair * 2 - 1` and `pair * 2` of G (the points +x and -x), or for pair 0 the first and the last row,
/// applied to the columns of r x r taps; then G to both rows.
template <class V, int outputs, int taps>
void transform_weights(const float* tap_values, std::ptrdiff_t count, int pair, float* points,
                       std::ptrdiff_t point_stride) {
  constexpr int alpha = outputs + taps - 1;
  using Value = typename V::type;
  const float x = Points<alpha>::pair(pair);
  for (std::ptrdiff_t index = 0; index < count; index += V::lanes, points += V::lanes) {
    Value plus[8];
    Value minus[8];
    if (pair == 0) {
#pragma GCC unroll 8
      for (int column = 0; column < taps; ++column) {
        plus[column] = V::load(tap_values + column * V::lanes);
        minus[column] = V::load(tap_values + ((taps - 1) * taps + column) * V::lanes);
      }
    } else {
#pragma GCC unroll 8
      for (int column = 0; column < taps; ++column) {
        Value g[8];
        const float* from = tap_values + column * V::lanes;
#pragma GCC unroll 8
        for (int row = 0; row < taps; ++row) g[row] = V::load_step(from, taps * V::lanes);
        weight_pair<V, taps>(g, x, plus[column], minus[column]);
      }
    }
    tap_values += taps * taps * V::lanes;
    Value u[8];
    weights_1d<V, alpha, taps>(plus, u);
    float* to = points;
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) V::store_step(to, point_stride, u[i]);
    weights_1d<V, alpha, taps>(minus, u);
#pragma GCC unroll 8
    for (int i = 0; i < alpha; ++i) V::store_step(to, point_stride, u[i]);
  }
}

template <class V, int outputs, int taps>
constexpr WinogradVariant make_variant(const char* name) {
  return {name,
          outputs,
          taps,
          transform_input<V, outputs, taps>,
          transform_output<V, outputs, taps, false>,
          transform_output<V, outputs, taps, true>,
          transform_output_channels<V, outputs, taps>,
          transform_weights<V, outputs, taps>};
}

}  // namespace edge::kernels::winograd
