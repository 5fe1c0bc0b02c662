// Functions of two values, with broadcasting. Pure functions, thread-safe, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

enum class BinaryFunction : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  minimum,  ///< a < b ? a : b
  maximum,  ///< a > b ? a : b
  power,
  modulo,  ///< with the sign of b
  leaky,   ///< a < 0: a * b, else a (PReLU)
  equal,   ///< 1 or 0, as all that follow
  greater,
  greater_or_equal,
  less,
  less_or_equal,
  logical_and,
  logical_or,
  logical_xor
};

/// "add", "subtract" ...
const char* function_name(BinaryFunction function);

/// How an operand's elements belong to those of the result: one stride per dimension of it, 0 where the
/// operand is repeated.
struct BinaryShape {
  std::vector<std::int64_t> sizes;  ///< of the result, outermost first
  std::vector<std::int64_t> a_strides;
  std::vector<std::int64_t> b_strides;

  /// With as few dimensions as possible.
  BinaryShape collapsed() const;
};

/// out[i] = function(a[i], b[i]) for all of the result, with the same bits on every ISA (armv7's NEON takes
/// denormals for zero). `out` may be an operand that is not repeated.
void binary(Isa isa, BinaryFunction function, const BinaryShape& shape, const float* a, const float* b,
            float* out, ThreadPool& pool);

}  // namespace edge::kernels
