#include "kernels/unary.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace edge::kernels {
namespace {

template <class Function>
void each(const float* in, float* out, std::size_t count, const Function& function) {
  for (std::size_t i = 0; i < count; ++i) out[i] = function(in[i]);
}

template <class Function>
void each_in_double(const float* in, float* out, std::size_t count, const Function& function) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(function(static_cast<double>(in[i])));
}

/// Rounded to a mantissa that has `bits` less than float32's, ties to even; exponents as float32's.
float with_fewer_bits(float x, unsigned bits) {
  if (!std::isfinite(x)) return x;
  const auto pattern = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t half = (std::uint32_t{1} << (bits - 1)) - 1;
  const std::uint32_t odd = (pattern >> bits) & 1U;
  return std::bit_cast<float>(((pattern + half + odd) >> bits) << bits);
}

float as_float16(float x) {
  constexpr float smallest_normal = 0x1p-14F;
  constexpr float overflow = 65520.0F;  // half way to the number that would be next
  if (std::abs(x) >= overflow) return std::copysign(INFINITY, x);
  if (std::abs(x) < smallest_normal) return std::nearbyintf(x * 0x1p24F) * 0x1p-24F;
  return with_fewer_bits(x, 13);
}

float wrapped(float x, int modulus, bool with_sign) {
  float rest = x - std::floor(x / static_cast<float>(modulus)) * static_cast<float>(modulus);
  const int half = modulus / 2;
  if (with_sign && rest >= static_cast<float>(half)) rest -= static_cast<float>(modulus);
  return rest;
}

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace

const char* function_name(UnaryFunction function) {
  static constexpr const char* names[] = {
      "absolute",   "negative",  "exponential", "logarithm", "square_root", "error_function",
      "softplus",   "floor",     "ceiling",     "round",     "sign",        "reciprocal",
      "softsign",   "truncate",  "is_true",     "is_false",  "to_float16",  "to_bfloat16",
      "wrap_uint8", "wrap_int8", "wrap_uint16", "wrap_int16"};
  return names[static_cast<std::size_t>(function)];
}

void unary(UnaryFunction function, const float* in, float* out, std::size_t count) {
  switch (function) {
    case UnaryFunction::absolute:
      return each(in, out, count, [](float x) { return std::abs(x); });
    case UnaryFunction::negative:
      return each(in, out, count, [](float x) { return -x; });
    case UnaryFunction::exponential:
      return each_in_double(in, out, count, [](double x) { return std::exp(x); });
    case UnaryFunction::logarithm:
      return each_in_double(in, out, count, [](double x) { return std::log(x); });
    case UnaryFunction::square_root:
      return each(in, out, count, [](float x) { return std::sqrt(x); });
    case UnaryFunction::error_function:
      return each_in_double(in, out, count, [](double x) { return std::erf(x); });
    case UnaryFunction::softplus:
      return each_in_double(in, out, count, softplus);
    case UnaryFunction::floor:
      return each(in, out, count, [](float x) { return std::floor(x); });
    case UnaryFunction::ceiling:
      return each(in, out, count, [](float x) { return std::ceil(x); });
    case UnaryFunction::round:
      return each(in, out, count, [](float x) { return std::nearbyint(x); });
    case UnaryFunction::sign:
      return each(in, out, count, [](float x) { return x > 0 ? 1.0F : x < 0 ? -1.0F : x; });
    case UnaryFunction::reciprocal:
      return each(in, out, count, [](float x) { return 1.0F / x; });
    case UnaryFunction::softsign:
      return each(in, out, count, [](float x) { return x / (1.0F + std::abs(x)); });
    case UnaryFunction::truncate:
      return each(in, out, count, [](float x) { return std::trunc(x); });
    case UnaryFunction::is_true:
      return each(in, out, count, [](float x) { return x != 0 ? 1.0F : 0.0F; });
    case UnaryFunction::is_false:
      return each(in, out, count, [](float x) { return x == 0 ? 1.0F : 0.0F; });
    case UnaryFunction::to_float16:
      return each(in, out, count, as_float16);
    case UnaryFunction::to_bfloat16:
      return each(in, out, count, [](float x) { return with_fewer_bits(x, 16); });
    case UnaryFunction::wrap_uint8:
      return each(in, out, count, [](float x) { return wrapped(x, 256, false); });
    case UnaryFunction::wrap_int8:
      return each(in, out, count, [](float x) { return wrapped(x, 256, true); });
    case UnaryFunction::wrap_uint16:
      return each(in, out, count, [](float x) { return wrapped(x, 65536, false); });
    case UnaryFunction::wrap_int16:
      return each(in, out, count, [](float x) { return wrapped(x, 65536, true); });
  }
  assert(false);
}

}  // namespace edge::kernels
