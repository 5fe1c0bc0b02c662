// Differences of bytes, written once for all vector ISAs. An ISA file instantiates them with a type of its
// anonymous namespace, so that no instantiation is shared between files that are compiled with different
// flags.
//
// `V` has: type, lanes (bytes), load(p), store(p, v), add(a, b), subtract(a, b), modulo 256. The rest behind
// the last whole vector is the scalar kernels'.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/delta_kernels.h"

namespace edge::kernels {

template <class V>
void subtract_bytes(const std::uint8_t* values, const std::uint8_t* old_values, std::uint8_t* differences,
                    std::size_t count) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    V::store(differences + i, V::subtract(V::load(values + i), V::load(old_values + i)));
  }
  delta_scalar.subtract_u8(values + i, old_values + i, differences + i, count - i);
}

template <class V>
void add_bytes(const std::uint8_t* differences, const std::uint8_t* old_values, std::uint8_t* values,
               std::size_t count) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    V::store(values + i, V::add(V::load(differences + i), V::load(old_values + i)));
  }
  delta_scalar.add_u8(differences + i, old_values + i, values + i, count - i);
}

template <class V>
void subtract_rgb_bytes(RgbPlanes values, RgbPlanes old_values, WritableRgbPlanes differences,
                        std::size_t count) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    const auto difference = [&](std::size_t plane) __attribute__((always_inline)) {
      return V::subtract(V::load(values.data + plane * values.stride + i),
                         V::load(old_values.data + plane * old_values.stride + i));
    };
    const auto green = difference(1);
    V::store(differences.data + i, V::subtract(difference(0), green));
    V::store(differences.data + differences.stride + i, green);
    V::store(differences.data + 2 * differences.stride + i, V::subtract(difference(2), green));
  }
  const WritableRgbPlanes rest{differences.data + i, differences.stride};
  delta_scalar.subtract_rgb({values.data + i, values.stride}, {old_values.data + i, old_values.stride}, rest,
                            count - i);
}

template <class V>
void add_rgb_bytes(RgbPlanes differences, RgbPlanes old_values, WritableRgbPlanes values, std::size_t count) {
  std::size_t i = 0;
  for (; i + V::lanes <= count; i += V::lanes) {
    const auto old = [&](std::size_t plane) __attribute__((always_inline)) {
      return V::load(old_values.data + plane * old_values.stride + i);
    };
    const auto green = V::load(differences.data + differences.stride + i);
    const auto red = V::add(V::load(differences.data + i), green);
    const auto blue = V::add(V::load(differences.data + 2 * differences.stride + i), green);
    V::store(values.data + i, V::add(red, old(0)));
    V::store(values.data + values.stride + i, V::add(green, old(1)));
    V::store(values.data + 2 * values.stride + i, V::add(blue, old(2)));
  }
  const WritableRgbPlanes rest{values.data + i, values.stride};
  delta_scalar.add_rgb({differences.data + i, differences.stride}, {old_values.data + i, old_values.stride},
                       rest, count - i);
}

}  // namespace edge::kernels
