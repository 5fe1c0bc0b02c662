// A tensor's elements in another arrangement: which element of its memory each index means. Transpositions,
// slices, repetitions and reshapes of one another are one such view. Pure functions, thread-safe; sizes and
// indices must be valid, anything else is a bug.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge {

/// Element (i0, i1, ...) is at offset + i0 * strides[0] + i1 * strides[1] + ... Strides may be 0 or negative.
struct StridedView {
  std::vector<std::int64_t> sizes;  ///< outermost first, any number of them
  std::vector<std::int64_t> strides;
  std::int64_t offset = 0;

  /// All of a tensor in its own order.
  static StridedView whole(std::vector<std::int64_t> sizes);

  std::int64_t elements() const;
  /// Whether it is `whole(sizes)` of memory that begins at `offset`.
  bool contiguous() const;

  StridedView transposed(const std::vector<std::int64_t>& order) const;
  /// Elements start, start + step ... (`count` of them) along `axis`.
  StridedView sliced(std::size_t axis, std::int64_t start, std::int64_t step, std::int64_t count) const;
  /// Extents of 1 repeated to those of `to`, which may have more dimensions in front.
  StridedView broadcast(const std::vector<std::int64_t>& to) const;
  /// The same elements in the same order under other extents (with as many elements), if that is a view.
  std::optional<StridedView> reshaped(const std::vector<std::int64_t>& to) const;
  /// The same view with as few dimensions as possible: what can be one run is one, extents of 1 are gone.
  StridedView collapsed() const;

  /// "4x3 by 1,4 from 2"
  std::string to_string() const;

  friend bool operator==(const StridedView&, const StridedView&) = default;
};

}  // namespace edge
