// Which inputs an output depends on, along one axis: a window [begin, end) for each output index. Two of
// them, for rows and for columns, say where a change of the input can be seen in the output. Immutable after
// construction; no errors.
#pragma once

#include <cstdint>
#include <vector>

namespace edge::kernels {

class AxisReach {
 public:
  struct Window {
    std::int32_t begin, end;
    friend bool operator==(const Window&, const Window&) = default;
  };

  AxisReach() = default;
  /// Windows ascend: neither begin nor end ever goes back. They may lie partly outside of [0, in), or be
  /// empty.
  AxisReach(std::int64_t in, std::vector<Window> windows);

  /// Output i is made from input i alone.
  static AxisReach identity(std::int64_t size);
  /// Of `kernel` taps `dilation` apart.
  static AxisReach windows(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                           std::int64_t padding, std::int64_t dilation = 1);
  /// Winograd's tiles of `outputs`, stride 1. All outputs of a tile are sums of all points of its patch, and
  /// so their last bits follow from all of its pixels. Only the first line of a patch is a factor of nothing
  /// but the points behind the first line of outputs, and the last one of nothing but those behind the last
  /// (the interpolation points 0 and infinity).
  static AxisReach winograd(std::int64_t in, std::int64_t out, std::int64_t outputs, std::int64_t taps,
                            std::int64_t padding);

  std::int64_t in() const { return static_cast<std::int64_t>(first_out_.size()); }
  std::int64_t out() const { return static_cast<std::int64_t>(windows_.size()); }
  const Window& window(std::int64_t index) const { return windows_[static_cast<std::size_t>(index)]; }

  /// Outputs [begin, end) reach one of the inputs [first, last]; none if begin >= end.
  Window reached(std::int64_t first, std::int64_t last) const {
    return {first_out_[static_cast<std::size_t>(first)], last_out_[static_cast<std::size_t>(last)] + 1};
  }

 private:
  std::vector<Window> windows_;          ///< clipped to the input
  std::vector<std::int32_t> first_out_;  ///< per input: the first output whose window ends behind it
  std::vector<std::int32_t> last_out_;   ///< per input: the last output whose window begins at or before it
};

/// Where a change of a feature map can be seen in another.
struct Reach {
  AxisReach rows, columns;
};

}  // namespace edge::kernels
