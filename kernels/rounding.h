// Division and multiples of sizes, rounded up. Pure functions; a >= 0, b > 0.
#pragma once

#include <cstdint>

namespace edge::kernels {

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
inline std::int64_t round_up(std::int64_t a, std::int64_t b) {
  return divide_up(a, b) * b;
}

}  // namespace edge::kernels
