// The depthwise loops, written once for vectors of any width; included by kernels/*/depthwise_*.cpp only, in
// whose anonymous namespace V lives (so that no instantiation can serve other files). Any thread, no errors.
//
// A strip of output columns is computed from top to bottom. An input row is loaded once and multiplied into
// all output rows that it belongs to, of which ceil(kernel / stride) are unfinished at a time: their sums
// stay in registers and change roles from row to row.
#pragma once

#include "kernels/depthwise_kernels.h"

namespace edge::kernels {

/// body<i>() for i = begin, begin + 1 ... while it returns true and i < end; whether all did.
template <int begin, int end, class Body>
[[gnu::always_inline]] inline bool unrolled(const Body& body) {
  if constexpr (begin < end) {
    if (!body.template operator()<begin>()) return false;
    return unrolled<begin + 1, end>(body);
  }
  return true;
}

/// `out` gets whole vectors. Of V beyond a vector's usual functions: Weights<kernel>, which multiply by a
/// tap; Row<kernel, stride, width>, the elements of a row below a tap, which may be out of order by stride as
/// long as in_order() mends it; Finish, which adds the bias and does ReLU and the ceiling.
template <class V, int kernel, int stride, int width>
[[gnu::noinline]] void depthwise_strip(const DepthwisePlane& plane, std::ptrdiff_t column,
                                       std::ptrdiff_t rows, const float* image, float* out,
                                       std::ptrdiff_t out_pitch) {
  constexpr int live = (kernel + stride - 1) / stride;
  using Row = typename V::template Row<kernel, stride, width>;
  typename V::template Weights<kernel> weights(plane.weights);
  const typename V::Finish finish(plane.bias != nullptr ? *plane.bias : -0.0F, plane.relu,  // x + -0 = x
                                  plane.ceiling);
  const std::ptrdiff_t pitch = plane.pitch;
  image += column * stride;
  typename V::type sums[live][width];

  // Input row r, counted from the first one of output `phase` of the `live` ones, into all of these.
  const auto add_row = [&]<int phase, int r>() __attribute__((always_inline)) {
    weights.begin_row();
    const Row row(image, pitch);
    unrolled<0, kernel>([&]<int tap_column>() __attribute__((always_inline)) {
      typename V::type x[width];
      unrolled<0, width>([&]<int v>() __attribute__((always_inline)) {
        x[v] = row.template tap<tap_column, v>();
        return true;
      });
      unrolled<0, live * width>([&]<int i>() __attribute__((always_inline)) {
        constexpr int tap_row = r - stride * (i / width);
        if constexpr (tap_row >= 0) {
          auto& sum = sums[(phase + i / width) % live][i % width];
          sum = weights.template multiply_add<tap_row * kernel + tap_column>(x[i % width], sum);
        }
        return true;
      });
      return true;
    });
    return true;
  };
  const auto clear = [&]<int output>() __attribute__((always_inline)) {
    for (auto& sum : sums[output]) sum = V::zero();
    return true;
  };

  unrolled<0, live - 1>(clear);
  unrolled<0, kernel - stride>([&]<int r>() __attribute__((always_inline)) {
    return add_row.template operator()<0, r>();
  });
  while (unrolled<0, live>([&]<int phase>() __attribute__((always_inline)) {
    clear.template operator()<(phase + live - 1) % live>();
    unrolled<kernel - stride, kernel>([&]<int r>() __attribute__((always_inline)) {
      return add_row.template operator()<phase, r>();
    });
    unrolled<0, width>([&]<int v>() __attribute__((always_inline)) {
      V::store(out + V::lanes * v, finish(V::template in_order<stride>(sums[phase][v])));
      return true;
    });
    out += out_pitch;
    return --rows != 0;
  })) {
  }
}

/// Planes narrower than a vector, some rows at a time.
template <class V, int kernel, int stride>
void narrow_plane(const DepthwisePlane& plane) {
  constexpr std::ptrdiff_t most = 16;
  float tile[most * V::lanes];
  // Whole vectors are copied, as long as they overrun into a row that comes later.
  const bool overruns = plane.out_pitch == plane.columns && 2 * plane.columns >= V::lanes;
  for (std::ptrdiff_t row = 0; row < plane.rows; row += most) {
    const std::ptrdiff_t rows = plane.rows - row < most ? plane.rows - row : most;
    depthwise_strip<V, kernel, stride, 1>(plane, 0, rows, plane.image + row * stride * plane.pitch, tile,
                                          V::lanes);
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
      const float* from = tile + i * V::lanes;
      float* to = plane.out + (row + i) * plane.out_pitch;
      if (overruns && row + i + 1 < plane.rows) {
        V::store(to, V::load(from));
      } else {
        for (std::ptrdiff_t column = 0; column < plane.columns; ++column) to[column] = from[column];
      }
    }
  }
}

/// The strip from `column` on, of `width` vectors unless fewer do or there are fewer columns; the last
/// one overlaps the strip before. Returns its end.
template <class V, int kernel, int stride, int width>
std::ptrdiff_t widest_strip(const DepthwisePlane& plane, std::ptrdiff_t column) {
  constexpr std::ptrdiff_t strip = std::ptrdiff_t{width} * V::lanes;
  const std::ptrdiff_t left = plane.columns - column;
  if constexpr (width > 1) {
    constexpr int less = width == 3 ? 2 : width / 2;
    if (plane.columns < strip || left <= less * V::lanes) {
      return widest_strip<V, kernel, stride, less>(plane, column);
    }
  }
  if (left < strip) column = plane.columns - strip;
  depthwise_strip<V, kernel, stride, width>(plane, column, plane.rows, plane.image, plane.out + column,
                                            plane.out_pitch);
  return column + strip;
}

/// As DepthwiseVariant::run, with strips of up to `width` vectors.
template <class V, int kernel, int stride, int width>
void depthwise_plane(const DepthwisePlane& plane) {
  if (plane.columns < V::lanes) return narrow_plane<V, kernel, stride>(plane);
  std::ptrdiff_t column = 0;
  while (column < plane.columns) column = widest_strip<V, kernel, stride, width>(plane, column);
}

/// As DepthwiseKernels::pad_rows. What a store overruns, a later one overwrites.
template <class V>
void pad_rows(const PaddedRows& rows) {
  const auto clear = [](float* to, std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 0; i < count; i += V::lanes) V::store(to + i, V::set(0.0F));
  };
  const std::ptrdiff_t columns = rows.columns;
  const std::ptrdiff_t between = rows.left + rows.right;
  const std::ptrdiff_t row_pitch = rows.from_pitch;
  const float* row = rows.from;
  float* to = rows.to;
  clear(to, rows.above * (between + columns) + rows.left);
  to += rows.above * (between + columns) + rows.left;
  for (std::ptrdiff_t left = rows.rows; left > 0; --left, row += row_pitch) {
    const float* from = row;
    std::ptrdiff_t count = columns;
    for (; count >= 4 * V::lanes; count -= 4 * V::lanes) V::copy_four(from, to);
    if (columns >= V::lanes) {
      for (; count >= V::lanes; count -= V::lanes, from += V::lanes, to += V::lanes) {
        V::store(to, V::load(from));
      }
      // Overlaps the last.
      if (count > 0) V::store(to + count - V::lanes, V::load(from + count - V::lanes));
    } else if (left > 1 && row_pitch == columns && 2 * columns >= V::lanes) {
      V::store(to, V::load(from));  // reads on into the next row
    } else {
      for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = from[i];
    }
    to += count;
    clear(to, between);
    to += between;
  }
  clear(to, rows.below * (between + columns) - rows.left);
}

}  // namespace edge::kernels
