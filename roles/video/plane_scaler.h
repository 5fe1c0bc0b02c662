// Scales one 8-bit plane. Own arithmetic in integers, hence the same bytes on every platform.
// Source of the method: separable triangle filter (bilinear when enlarging; widened by the ratio when
// shrinking, so that no source pixel is skipped). One owner, one thread; no errors.
#pragma once

#include <cstdint>
#include <vector>

namespace edge {

/// Where the samples of a plane lie against the pixels of the whole picture, for chroma planes.
enum class Siting : std::uint8_t {
  centre,  ///< in the middle of the pixels that they stand for
  first,   ///< on the first of two pixels (left, or top)
};

class PlaneScaler {
 public:
  struct Extent {
    std::int64_t in = 0;
    std::int64_t out = 0;
    Siting siting = Siting::centre;
    std::int64_t begin = 0;  ///< of the scaled plane, only `shown` samples from this one on are made
    std::int64_t shown = 0;  ///< 0: all
  };
  PlaneScaler(const Extent& rows, const Extent& columns);

  /// `in`: rows.in x columns.in, `out`: rows.shown x columns.shown (all: rows.out x columns.out); they must
  /// not overlap.
  void scale(const std::uint8_t* in, std::uint8_t* out);

 private:
  // Output begin + i is the sum over k of weights[i * count + k] * input[first[i] + k]; the weights add up to
  // 2^14.
  struct Taps {
    explicit Taps(const Extent& extent);
    std::int64_t count = 0;
    std::vector<std::int64_t> first;
    std::vector<std::int32_t> weights;
  };

  Extent rows_, columns_;
  Taps row_taps_, column_taps_;
  std::vector<std::uint16_t> narrowed_;  // rows.in x columns.shown, in 1/128 steps
  std::vector<std::int32_t> sums_;       // one output row
};

}  // namespace edge
