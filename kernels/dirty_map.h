// Which positions of a feature map changed: one bit per row and column, for all channels together. What is
// not marked has the bits that it had in the frame before. A value type; no errors.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/area.h"

namespace edge::kernels {

class AxisReach;

class DirtyMap {
 public:
  DirtyMap() = default;  ///< of no positions
  /// All clean.
  DirtyMap(std::int64_t rows, std::int64_t columns);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t positions() const { return rows_ * columns_; }

  void mark(std::int64_t row, std::int64_t first_column, std::int64_t columns);
  void mark_all();
  void clear();
  /// Marks what the other map, of the same size, marks.
  DirtyMap& operator|=(const DirtyMap& other);

  bool any() const;
  std::int64_t count() const;  ///< marked positions
  /// Marked part of all positions, 0 to 1.
  double share() const;
  bool test(std::int64_t row, std::int64_t column) const;
  /// Whether anything in the area is marked; the area lies inside of the map.
  bool any_in(const Area& area) const;
  friend bool operator==(const DirtyMap&, const DirtyMap&) = default;

  /// Calls run(first_column, columns) for each run of marked columns of the row, from left to right.
  template <class Run>
  void for_each_run(std::int64_t row, const Run& run) const {
    const std::span<const std::uint64_t> words = row_words(row);
    std::int64_t begin = -1;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto base = static_cast<std::int64_t>(i * word_bits);
      if (begin < 0 && words[i] == 0) continue;
      if (begin >= 0 && words[i] == ~std::uint64_t{0}) continue;
      int bit = 0;
      while (bit < word_bits) {
        const std::uint64_t rest = (begin < 0 ? words[i] : ~words[i]) >> bit;
        if (rest == 0) break;
        bit += std::countr_zero(rest);
        if (begin < 0) {
          begin = base + bit;
        } else {
          run(begin, base + bit - begin);
          begin = -1;
        }
      }
    }
    if (begin >= 0) run(begin, columns_ - begin);
  }

  /// Disjoint rectangles that cover what is marked. Their columns begin at multiples of `step` and end at one
  /// or at the map's end; runs of rows that are less than `step` apart are one.
  std::vector<Area> areas(std::int64_t step) const;

  /// Where outputs may have changed that reach what is marked here.
  DirtyMap spread(const AxisReach& rows, const AxisReach& columns) const;

 private:
  static constexpr int word_bits = 64;
  std::span<const std::uint64_t> row_words(std::int64_t row) const {
    return {words_.data() + static_cast<std::size_t>(row) * words_per_row_, words_per_row_};
  }
  std::span<std::uint64_t> row_words(std::int64_t row) {
    return {words_.data() + static_cast<std::size_t>(row) * words_per_row_, words_per_row_};
  }

  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::size_t words_per_row_ = 0;
  std::vector<std::uint64_t> words_;  ///< bit column % 64 of word column / 64; bits behind the end are 0
};

}  // namespace edge::kernels
