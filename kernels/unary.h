// Functions of one value, beside the activations. Pure functions, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge::kernels {

enum class UnaryFunction : std::uint8_t {
  absolute,
  negative,
  exponential,
  logarithm,
  square_root,
  error_function,
  softplus,  ///< log(1 + exp(x))
  floor,
  ceiling,
  round,  ///< half to even
  sign,
  reciprocal,
  softsign,     ///< x / (1 + |x|)
  truncate,     ///< to an integer, towards 0
  is_true,      ///< x != 0: 1, else 0
  is_false,     ///< x == 0: 1, else 0
  to_float16,   ///< rounded to IEEE 754 binary16
  to_bfloat16,  ///< rounded to bfloat16
  wrap_uint8,   ///< an integer modulo 256
  wrap_int8,
  wrap_uint16,
  wrap_int16
};

/// "absolute", "error_function" ...
const char* function_name(UnaryFunction function);

/// out = function(in). Transcendental functions are computed in double precision and rounded once, so that
/// they do not depend on the ISA. In place if in == out.
void unary(UnaryFunction function, const float* in, float* out, std::size_t count);

}  // namespace edge::kernels
