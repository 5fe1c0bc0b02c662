// Test data for kernels: floats with all the special values in between, and what counts as the same result.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/cpu.h"

namespace edge::kernels {

/// The ISAs that can run here, scalar first.
inline std::vector<Isa> isas_to_test() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2}) {
    if (isa_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

/// Small values, about one in `special_every` of them special: NaN, infinity, denormal, zero of either sign,
/// huge.
inline std::vector<float> random_floats(std::size_t count, std::mt19937& random, unsigned special_every = 4) {
  static constexpr std::uint32_t special[] = {
      0x7FC00000, 0xFFC00001, 0x7F800001, 0xFFFFFFFF,              // NaNs
      0x7F800000, 0xFF800000, 0x7F7FFFFF, 0xFF7FFFFF,              // infinite, largest
      0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF,  // zeros, denormals
      0x807FFFFF, 0x00800000, 0x80800000};                         // smallest normal
  std::vector<float> values(count);
  for (float& value : values) {
    const auto bits = static_cast<std::uint32_t>(random());
    if (bits % special_every == 0) {
      value = std::bit_cast<float>(special[random() % std::size(special)]);
    } else {
      value = static_cast<float>(static_cast<std::int32_t>(bits)) * 0x1p-29F;
    }
  }
  return values;
}

/// Bit for bit the same, or both NaN. armv7 NEON arithmetic flushes denormals: there a few of them are no
/// difference.
inline bool same_float(Isa isa, float expected, float actual) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
#if defined(__arm__)
  constexpr float denormals = 32 * std::numeric_limits<float>::min();
  if (isa == Isa::neon && std::fabs(expected - actual) <= denormals && std::fabs(expected) <= denormals)
    return true;
#else
  static_cast<void>(isa);
#endif
  return std::bit_cast<std::uint32_t>(expected) == std::bit_cast<std::uint32_t>(actual);
}

/// Fails with the first difference.
inline ::testing::AssertionResult same_floats(Isa isa, std::span<const float> expected,
                                              std::span<const float> actual) {
  if (expected.size() != actual.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!same_float(isa, expected[i], actual[i])) {
      return ::testing::AssertionFailure() << isa_name(isa) << ": [" << i << "] of " << expected.size()
                                           << " is " << actual[i] << " instead of " << expected[i];
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace edge::kernels
