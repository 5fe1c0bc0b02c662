#include "engine/float_formats.h"

#include <bit>
#include <cstring>

namespace edge {
namespace {

/// By integers and one exact product: binary16's subnormals have no place of their own.
float from_f16(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16;
  const std::uint32_t magnitude = half & 0x7fffU;
  if (magnitude >= 0x7c00U) return std::bit_cast<float>(sign | 0x7f800000U | (magnitude & 0x3ffU) << 13);
  // As a float32 with the same exponent field it is 2^112 times too small.
  const float value = std::bit_cast<float>(magnitude << 13) * 0x1p112F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
}

std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  const auto with_sign = [&](std::uint32_t half) { return static_cast<std::uint16_t>(sign | half); };
  if (magnitude > 0x7f800000U) return with_sign(0x7e00U | (magnitude >> 13 & 0x3ffU));
  if (magnitude >= 0x477ff000U) return with_sign(0x7c00U);  // 65520 and more round to infinity
  if (magnitude < 0x38800000U) {                            // below 2^-14: a multiple of 2^-24
    // Adding 0.5 leaves in the low bits of the sum what the value is in steps of 2^-24, rounded.
    const float sum = std::bit_cast<float>(magnitude) + 0.5F;
    return with_sign(std::bit_cast<std::uint32_t>(sum) - 0x3f000000U);
  }
  const std::uint32_t odd = magnitude >> 13 & 1U;
  return with_sign((magnitude - 0x38000000U + 0xfffU + odd) >> 13);
}

float from_bf16(std::uint16_t upper) {
  return std::bit_cast<float>(std::uint32_t{upper} << 16);
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

template <class Stored, class Decode>
void decode(const char* from, std::size_t count, float* to, const Decode& decode_one) {
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * sizeof(stored), sizeof(stored));
    to[i] = decode_one(stored);
  }
}

template <class Stored, class Encode>
void encode(const float* from, std::size_t count, char* to, const Encode& encode_one) {
  for (std::size_t i = 0; i < count; ++i) {
    const Stored stored = encode_one(from[i]);
    std::memcpy(to + i * sizeof(stored), &stored, sizeof(stored));
  }
}

}  // namespace

std::size_t size_of(FloatFormat format) {
  switch (format) {
    case FloatFormat::f32:
      return 4;
    case FloatFormat::f16:
    case FloatFormat::bf16:
      return 2;
    case FloatFormat::f64:
      return 8;
  }
  return 0;
}

void decode_floats(FloatFormat format, const char* from, std::size_t count, float* to) {
  switch (format) {
    case FloatFormat::f32:
      if (count > 0) std::memcpy(to, from, count * sizeof(float));
      return;
    case FloatFormat::f16:
      return decode<std::uint16_t>(from, count, to, from_f16);
    case FloatFormat::bf16:
      return decode<std::uint16_t>(from, count, to, from_bf16);
    case FloatFormat::f64:
      return decode<double>(from, count, to, [](double value) { return static_cast<float>(value); });
  }
}

void encode_floats(FloatFormat format, const float* from, std::size_t count, char* to) {
  switch (format) {
    case FloatFormat::f32:
      if (count > 0) std::memcpy(to, from, count * sizeof(float));
      return;
    case FloatFormat::f16:
      return encode<std::uint16_t>(from, count, to, to_f16);
    case FloatFormat::bf16:
      return encode<std::uint16_t>(from, count, to, to_bf16);
    case FloatFormat::f64:
      return encode<double>(from, count, to, [](float value) { return double{value}; });
  }
}

std::size_t count_not_finite(const float* values, std::size_t count) {
  std::uint32_t found = 0;  // 32 bits keep the loop vectorised; a tensor that fits into memory has fewer
  for (std::size_t i = 0; i < count; ++i) {
    found += (std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000U) == 0x7f800000U ? 1U : 0U;
  }
  return found;
}

}  // namespace edge
