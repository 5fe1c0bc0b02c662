// The floating-point formats of weight files: IEEE 754 binary16 and bfloat16 beside float32. Pure functions,
// thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge {

enum class FloatFormat : std::uint8_t { f32, f16, bf16, f64 };

/// Bytes of a value.
std::size_t size_of(FloatFormat format);

/// `count` values from bytes of any alignment. Exact, except that float64 is rounded to nearest (ties to
/// even).
void decode_floats(FloatFormat format, const char* from, std::size_t count, float* to);
/// `count` values into bytes of any alignment, rounded to nearest (ties to even). A value that is too large
/// becomes infinite, a NaN remains one.
void encode_floats(FloatFormat format, const float* from, std::size_t count, char* to);

/// How many values are infinite or NaN.
std::size_t count_not_finite(const float* values, std::size_t count);

}  // namespace edge
