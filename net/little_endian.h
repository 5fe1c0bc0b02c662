// Unsigned integers as little-endian bytes. Pure functions, thread-safe; the caller has checked the length.
#pragma once

#include <cstddef>

namespace edge::net {

template <typename T>
void store_little_endian(std::byte* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

template <typename T>
T load_little_endian(const std::byte* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(from[i]) << (8 * i)));
  }
  return value;
}

}  // namespace edge::net
