// What the tests of the multiplying kernels share: seeded values, the chain of multiply-adds that defines
// every result, and comparison by bits.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/cpu.h"
#include "kernels/gemm.h"

namespace edge::test {

/// In (-1, 1), seeded; a few exact zeros. No product of two comes near the denormals, which armv7's NEON
/// flushes.
inline std::vector<float> random_floats(std::int64_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    const auto bits = static_cast<std::int32_t>(generator() >> 8) - (1 << 23);
    value = generator() % 16 == 0 ? 0.0F : static_cast<float>(bits) / static_cast<float>(1 << 23);
  }
  return values;
}

/// One step of a chain as `isa` rounds it.
inline float multiply_add(kernels::Isa isa, float a, float b, float sum) {
  if (isa != kernels::Isa::scalar) return std::fma(a, b, sum);
  const float product = a * b;
  return sum + product;
}

inline float finish(float value, const kernels::Epilogue& epilogue, std::int64_t row, std::int64_t index) {
  if (epilogue.bias != nullptr) value += epilogue.bias[row];
  if (epilogue.residual != nullptr) value += epilogue.residual[index];
  if (epilogue.activation.kind == kernels::Activation::Kind::none) return value;
  EXPECT_TRUE(rectifies(epilogue.activation));
  if (value <= 0.0F) value = 0.0F;
  return value > epilogue.activation.b ? epilogue.activation.b : value;
}

inline std::vector<kernels::Isa> supported_isas() {
  std::vector<kernels::Isa> isas;
  for (const kernels::Isa isa : {kernels::Isa::scalar, kernels::Isa::neon, kernels::Isa::avx2}) {
    if (kernels::isa_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

/// Fails at the first element whose bits differ; all NaN are equal.
inline testing::AssertionResult same_bits(const std::vector<float>& actual,
                                          const std::vector<float>& expected) {
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure() << actual.size() << " values instead of " << expected.size();
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i]) && std::isnan(expected[i])) continue;
    if (std::bit_cast<std::uint32_t>(actual[i]) != std::bit_cast<std::uint32_t>(expected[i])) {
      return testing::AssertionFailure()
             << "element " << i << " is " << actual[i] << " instead of " << expected[i];
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace edge::test
