// How the parts of Winograd convolution lay out their points. Pure functions.
#pragma once

#include <cstdint>

#include "kernels/rounding.h"

namespace edge::kernels::winograd {

inline constexpr std::int64_t line = 16;  ///< floats of a cache line

/// Points of one kind lie an odd number of cache lines apart, so that they do not all fall into the same
/// cache set.
inline std::int64_t odd_lines(std::int64_t floats) {
  return round_up(floats, 2 * line) + line;
}

}  // namespace edge::kernels::winograd
