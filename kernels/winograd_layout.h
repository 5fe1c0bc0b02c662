// Arithmetic of sizes that the parts of Winograd convolution share. Pure functions.
#pragma once

#include <cstdint>

namespace edge::kernels::winograd {

inline constexpr std::int64_t line = 16;  ///< floats of a cache line

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
inline std::int64_t round_up(std::int64_t a, std::int64_t b) {
  return divide_up(a, b) * b;
}
/// Points of one kind lie an odd number of cache lines apart, so that they do not all fall into the same
/// cache set.
inline std::int64_t odd_lines(std::int64_t floats) {
  return round_up(floats, 2 * line) + line;
}

}  // namespace edge::kernels::winograd
