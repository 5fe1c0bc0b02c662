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

/// From one vector of a strip to the next, and from one channel to the next: in the input and in the output.
struct StripStep {
  std::ptrdiff_t in = 0;
  std::ptrdiff_t out = 0;
  std::ptrdiff_t channel_in = 0;
  std::ptrdiff_t channel_out = 0;
};

/// The same strip of `channels` channels, so that enough sums are under way for none to wait for its last
/// multiply-add. `out` gets whole vectors: side by side, or if `apart` by `step`, so that they may overlap.
/// Of V beyond a vector's usual functions: Weights<kernel>, which multiply by a tap; Row<kernel, stride,
/// width>, the elements of a row below a tap, which may be out of order by stride as long as in_order() mends
/// it; Finish, which adds the bias and does ReLU and the ceiling.
template <class V, int kernel, int stride, int width, int channels = 1, bool apart = false>
[[gnu::noinline]] void depthwise_strip(const DepthwisePlane& plane, std::ptrdiff_t column,
                                       std::ptrdiff_t rows, const float* image, float* out,
                                       std::ptrdiff_t out_pitch, [[maybe_unused]] StripStep step = {}) {
  constexpr int live = (kernel + stride - 1) / stride;
  using Row = typename V::template Row<kernel, stride, width>;
  const auto row_at = [&](const float*& from) __attribute__((always_inline)) {
    if constexpr (apart) {
      return Row(from, plane.pitch, step.in);
    } else {
      return Row(from, plane.pitch);
    }
  };
  typename V::template Weights<kernel> weights[channels];
  typename V::Finish finish[channels];
  unrolled<0, channels>([&]<int c>() __attribute__((always_inline)) {
    weights[c] = typename V::template Weights<kernel>(plane.weights + c * kernel * kernel);
    finish[c] = typename V::Finish(plane.bias != nullptr ? plane.bias[c] : -0.0F, plane.relu,  // x + -0 = x
                                   plane.ceiling);
    return true;
  });
  image += column * stride;
  typename V::type sums[live][channels][width];

  // Input row r, counted from the first one of output `phase` of the `live` ones, into all of these.
  const auto add_row = [&]<int phase, int r>() __attribute__((always_inline)) {
    unrolled<0, channels>([&]<int c>() __attribute__((always_inline)) {
      const float* from = image + c * step.channel_in;
      const Row row = row_at(from);
      return unrolled<0, kernel>([&]<int tap_column>() __attribute__((always_inline)) {
        typename V::type x[width];
        unrolled<0, width>([&]<int v>() __attribute__((always_inline)) {
          x[v] = row.template tap<tap_column, v>();
          return true;
        });
        return unrolled<0, live * width>([&]<int i>() __attribute__((always_inline)) {
          constexpr int tap_row = r - stride * (i / width);
          if constexpr (tap_row >= 0) {
            auto& sum = sums[(phase + i / width) % live][c][i % width];
            sum = weights[c].template multiply_add<tap_row * kernel + tap_column>(x[i % width], sum);
          }
          return true;
        });
      });
    });
    image += plane.pitch;
    return true;
  };
  const auto clear = [&]<int output>() __attribute__((always_inline)) {
    for (auto& channel : sums[output]) {
      for (auto& sum : channel) sum = V::zero();
    }
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
    unrolled<0, channels * width>([&]<int i>() __attribute__((always_inline)) {
      constexpr int c = i / width;
      constexpr int v = i % width;
      V::store(out + c * step.channel_out + (apart ? step.out : V::lanes) * v,
               finish[c](V::template in_order<stride>(sums[phase][c][v])));
      return true;
    });
    out += out_pitch;
    return --rows != 0;
  })) {
  }
}

/// Planes narrower than a vector, some rows at a time.
template <class V, int kernel, int stride, int channels>
void narrow_plane(const DepthwisePlane& plane) {
  constexpr std::ptrdiff_t most = 16;
  constexpr std::ptrdiff_t tile_floats = most * V::lanes;
  float tile[channels * tile_floats];
  // Whole vectors are copied, as long as they overrun into a row that comes later.
  const bool overruns = plane.out_pitch == plane.columns && 2 * plane.columns >= V::lanes;
  for (std::ptrdiff_t row = 0; row < plane.rows; row += most) {
    const std::ptrdiff_t rows = plane.rows - row < most ? plane.rows - row : most;
    depthwise_strip<V, kernel, stride, 1, channels>(
        plane, 0, rows, plane.image + row * stride * plane.pitch, tile, V::lanes,
        {.channel_in = plane.image_step, .channel_out = tile_floats});
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
      for (std::ptrdiff_t i = 0; i < rows; ++i) {
        const float* from = tile + c * tile_floats + i * V::lanes;
        float* to = plane.out + c * plane.out_step + (row + i) * plane.out_pitch;
        if (overruns && row + i + 1 < plane.rows) {
          V::store(to, V::load(from));
        } else {
          for (std::ptrdiff_t column = 0; column < plane.columns; ++column) to[column] = from[column];
        }
      }
    }
  }
}

/// The strip from `column` on, of `width` vectors unless half as many do or there are fewer columns; the last
/// one overlaps the strip before. Returns its end.
template <class V, int kernel, int stride, int width>
std::ptrdiff_t widest_strip(const DepthwisePlane& plane, std::ptrdiff_t column) {
  constexpr std::ptrdiff_t strip = std::ptrdiff_t{width} * V::lanes;
  const std::ptrdiff_t left = plane.columns - column;
  if constexpr (width > 1) {
    if (plane.columns < strip || left <= strip / 2) {
      return widest_strip<V, kernel, stride, width / 2>(plane, column);
    }
  }
  if (left < strip) column = plane.columns - strip;
  depthwise_strip<V, kernel, stride, width>(plane, column, plane.rows, plane.image, plane.out + column,
                                            plane.out_pitch);
  return column + strip;
}

/// `channels` planes of up to two vectors; the second overlaps the first.
template <class V, int kernel, int stride, int channels>
void slim_planes(const DepthwisePlane& plane) {
  const std::ptrdiff_t second = plane.columns - V::lanes;
  depthwise_strip<V, kernel, stride, 2, channels, true>(
      plane, 0, plane.rows, plane.image, plane.out, plane.out_pitch,
      {second * stride, second, plane.image_step, plane.out_step});
}

/// run(planes) for all of plane.count, `channels` at a time as long as there are as many, then one by one.
template <int channels, class Several, class One>
void for_planes(const DepthwisePlane& planes, int taps, const Several& several, const One& one) {
  DepthwisePlane plane = planes;
  for (std::ptrdiff_t left = planes.count; left > 0;) {
    const bool together = left >= channels;
    if (together) {
      several(plane);
    } else {
      one(plane);
    }
    const std::ptrdiff_t done = together ? channels : 1;
    left -= done;
    plane.image += done * plane.image_step;
    plane.out += done * plane.out_step;
    plane.weights += done * taps;
    if (plane.bias != nullptr) plane.bias += done;
  }
}

/// As DepthwiseVariant::run, with strips of up to `width` vectors, a power of 2. Planes of up to one vector
/// go `narrow` at a time, those of up to two `slim` at a time (0: not together), of wider ones the strips
/// suffice.
template <class V, int kernel, int stride, int width, int narrow, int slim>
void depthwise_plane(const DepthwisePlane& planes) {
  constexpr int taps = kernel * kernel;
  if (planes.columns < V::lanes) {
    return for_planes<narrow>(planes, taps, narrow_plane<V, kernel, stride, narrow>,
                              narrow_plane<V, kernel, stride, 1>);
  }
  if constexpr (slim > 0) {
    if (planes.columns > V::lanes && planes.columns < 2 * V::lanes) {
      return for_planes<slim>(planes, taps, slim_planes<V, kernel, stride, slim>,
                              slim_planes<V, kernel, stride, 1>);
    }
  }
  const auto one = [](const DepthwisePlane& plane) {
    std::ptrdiff_t column = 0;
    while (column < plane.columns) column = widest_strip<V, kernel, stride, width>(plane, column);
  };
  for_planes<1>(planes, taps, one, one);
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
