// Differences of float32 values as integers: the bit patterns subtracted, the sign folded into the lowest bit
// ("zigzag"), so that values that are close leave zeros in the upper bytes whichever is larger. Exact for all
// bit patterns. Internal to the codec. Thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge::net {

/// In place: `old_values` becomes the differences. Without old values they are zero, see fold_signs().
inline void to_differences(const std::uint32_t* new_values, std::uint32_t* old_values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t difference = new_values[i] - old_values[i];
    old_values[i] = (difference << 1) ^ (0 - (difference >> 31));
  }
}

inline void fold_signs(const std::uint32_t* values, std::uint32_t* differences, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) differences[i] = (values[i] << 1) ^ (0 - (values[i] >> 31));
}

/// In place: `differences` becomes the new values.
inline void from_differences(const std::uint32_t* old_values, std::uint32_t* differences, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    differences[i] = old_values[i] + ((differences[i] >> 1) ^ (0 - (differences[i] & 1)));
  }
}

inline void unfold_signs(std::uint32_t* differences, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) differences[i] = (differences[i] >> 1) ^ (0 - (differences[i] & 1));
}

}  // namespace edge::net
