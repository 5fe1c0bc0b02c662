// A fast hash of float32 values, by their bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace edge {

/// Sixteen sums side by side, each updated by the round of xxHash's XXH32 (Collet 2012; a bijection, so that
/// any single changed value changes the result), closed by SHA-256. As fast as memory; protects against
/// mistakes and damage, not against a forger. One thread per object.
class ValueDigest {
 public:
  static constexpr std::size_t lanes = 16;

  /// `count` must be a multiple of `lanes` in every call but the last.
  void add(const float* values, std::size_t count);
  /// 64 hexadecimal digits that depend on all values, their order and their number.
  std::string hexadecimal() const;

 private:
  std::array<std::uint32_t, lanes> sums_{};
  std::uint64_t count_ = 0;
};

}  // namespace edge
