// The block gate's row operations, written once for all vector ISAs. An ISA file instantiates them with a
// type of its anonymous namespace, so that no instantiation is shared between files that are compiled with
// different flags.
//
// `V` works on signed 16-bit lanes: type, lanes, load(p), store(p, v), difference(a, b) of bytes, widened,
// add(a, b), subtract(a, b), add_times<n>(a, b) = a + n b, max(a, b), magnitude(v); Shift, made of a number
// of bits once per row, and shift_right(v, shift), rounding down. The rest behind the last whole vector is
// the scalar kernels'.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_gate_kernels.h"

namespace edge::kernels {

template <class V>
void difference_row(RgbPlanes picture, RgbPlanes held, std::size_t count, std::int16_t* luma,
                    std::int16_t* red, std::int16_t* blue) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    const auto r = V::difference(picture.data + i, held.data + i);
    const auto g = V::difference(picture.data + picture.stride + i, held.data + held.stride + i);
    const auto b = V::difference(picture.data + 2 * picture.stride + i, held.data + 2 * held.stride + i);
    V::store(luma + i, V::template add_times<5>(V::template add_times<2>(b, r), g));
    V::store(red + i, r);
    V::store(blue + i, b);
  }
  block_gate_scalar.difference_row({picture.data + i, picture.stride}, {held.data + i, held.stride},
                                   count - i, luma + i, red + i, blue + i);
}

template <class V>
void slide_window(const std::int16_t* entering, const std::int16_t* leaving, std::size_t count,
                  std::int16_t* sums) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    const auto change = V::subtract(V::load(entering + i), V::load(leaving + i));
    V::store(sums + i, V::add(V::load(sums + i), change));
  }
  block_gate_scalar.slide(entering + i, leaving + i, count - i, sums + i);
}

template <class V>
void raise_peaks(const std::int16_t* sums, int shift, std::size_t count, std::int16_t* peaks) {
  const typename V::Shift bits(shift);
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    auto sum = V::shift_right(V::load(sums + i), bits);
    for (std::size_t k = 1; k < 5; ++k) {
      sum = V::add(sum, V::shift_right(V::load(sums + i + k), bits));
    }
    V::store(peaks + i, V::max(V::load(peaks + i), V::magnitude(sum)));
  }
  block_gate_scalar.raise_peaks(sums + i, shift, count - i, peaks + i);
}

}  // namespace edge::kernels
