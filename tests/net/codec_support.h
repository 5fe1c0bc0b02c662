// What the codec's tests share: deterministic random elements (the same on every platform) and comparison by
// bits.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/value_grid.h"
#include "net/codec/codec.h"

namespace edge::net::test {

/// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
  bool with_probability(double p) { return static_cast<double>(next() >> 11) < p * 0x1p53; }

 private:
  std::uint64_t state_;
};

inline std::vector<kernels::Isa> supported_isas() {
  std::vector<kernels::Isa> isas;
  for (const kernels::Isa isa : {kernels::Isa::scalar, kernels::Isa::neon, kernels::Isa::avx2}) {
    if (kernels::isa_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

inline std::uint8_t* bytes_of(FreshArray& fresh) {
  return reinterpret_cast<std::uint8_t*>(fresh.data);
}
inline std::uint32_t* words_of(FreshArray& fresh) {
  return reinterpret_cast<std::uint32_t*>(fresh.data);
}

/// A float's bits: about half zeros (ReLU), else around 1, now and then something odd.
inline std::uint32_t random_float_bits(Random& random) {
  using Limits = std::numeric_limits<float>;
  constexpr std::array<std::uint32_t, 7> odd{0x80000000,
                                             0x7FC00001,
                                             0xFFC12345,
                                             0x00000001,
                                             std::bit_cast<std::uint32_t>(Limits::infinity()),
                                             std::bit_cast<std::uint32_t>(-Limits::infinity()),
                                             std::bit_cast<std::uint32_t>(Limits::max())};
  switch (random.below(32)) {
    case 0:
      return odd[random.below(odd.size())];
    case 1:
      return static_cast<std::uint32_t>(random.next());
    default:
      if (random.below(2) == 0) return 0;
      return 0x3F800000 + static_cast<std::uint32_t>(random.below(0x400000));
  }
}

inline void randomise(FreshArray& fresh, std::size_t i, Random& random) {
  if (fresh.array.type() == ElementType::u8) {
    bytes_of(fresh)[i] = static_cast<std::uint8_t>(random.next());
  } else {
    words_of(fresh)[i] = random_float_bits(random);
  }
}

inline Array random_elements(ElementType type, const Shape& shape, Random& random) {
  FreshArray fresh = allocate_array(type, shape);
  for (std::size_t i = 0; i < fresh.array.elements(); ++i) randomise(fresh, i, random);
  return fresh.array;
}

/// A copy in which each element is replaced with the given probability: by any value, or (`close`) by a
/// similar one.
inline Array changed_elements(const Array& old, double rate, bool close, Random& random) {
  FreshArray fresh = allocate_array(old.type(), old.shape());
  if (old.bytes() > 0) std::memcpy(fresh.data, old.data(), old.bytes());
  for (std::size_t i = 0; i < old.elements(); ++i) {
    if (!random.with_probability(rate)) continue;
    if (!close) {
      randomise(fresh, i, random);
    } else if (old.type() == ElementType::u8) {
      bytes_of(fresh)[i] = static_cast<std::uint8_t>(bytes_of(fresh)[i] + 1 + random.below(3));
    } else {
      words_of(fresh)[i] += static_cast<std::uint32_t>(random.below(2000)) - 1000;
    }
  }
  return fresh.array;
}

/// Numbers on a grid, a few of them too large for it or odd.
inline Array random_on_grid(const Shape& shape, ValueFormat format, Random& random) {
  auto grid = std::make_shared<ValueGrid>();
  grid->format = format;
  const std::size_t channels = grid_channels(shape);
  FreshArray fresh = allocate_array(ElementType::f32, shape);
  const std::size_t count = fresh.array.elements() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    const int step = static_cast<int>(random.below(40)) - 30;
    const bool is_signed = random.below(2) == 0;
    grid->steps.push_back(static_cast<std::int8_t>(step));
    grid->is_signed.push_back(format == ValueFormat::int8 && is_signed ? 1 : 0);
    for (std::size_t i = c * count; i < (c + 1) * count; ++i) {
      const auto k = static_cast<float>(random.below(130)) - (is_signed ? 65.0F : 0.0F);
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(k * kernels::size_of_step(step));
      words_of(fresh)[i] = random.below(50) == 0  ? random_float_bits(random)
                           : random.below(2) == 0 ? 0
                                                  : bits;
    }
  }
  return fresh.array.on_grid(std::move(grid));
}

inline ::testing::AssertionResult same_elements(const Array& a, const Array& b) {
  if (a.type() != b.type() || a.shape() != b.shape())
    return ::testing::AssertionFailure() << "type or shape differ";
  for (std::size_t i = 0; i < a.bytes(); ++i) {
    if (a.data()[i] != b.data()[i]) return ::testing::AssertionFailure() << "byte " << i << " differs";
  }
  return ::testing::AssertionSuccess();
}

}  // namespace edge::net::test
