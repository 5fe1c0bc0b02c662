// The extents of a tensor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace edge {

/// Up to six extents, outermost first (NCHW for feature maps, rows x columns for matrices). A value type.
class Shape {
 public:
  static constexpr std::size_t max_rank = 6;

  Shape() = default;  ///< rank 0: one element
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(std::span<const std::int64_t> extents);

  std::size_t rank() const { return rank_; }
  std::int64_t operator[](std::size_t dimension) const { return extents_[dimension]; }
  std::span<const std::int64_t> extents() const { return {extents_.data(), rank_}; }
  /// Product of the extents.
  std::int64_t elements() const;
  /// "1x3x480x720"
  std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  std::array<std::int64_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

}  // namespace edge
