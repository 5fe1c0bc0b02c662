// The weights of a Winograd convolution as points. Transformed weights are alpha^2 / r^2 times as large as
// the weights (4 to 7 times): they are kept only while they are small. Else two rows of points at a time are
// made from the packed weights whenever they are needed, in the cache, which costs a few per cent of the
// multiplication, but neither memory nor the time to stream them. Immutable, any thread; std::bad_alloc at
// construction.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/aligned_buffer.h"
#include "kernels/conv2d.h"
#include "kernels/gemm_kernels.h"
#include "kernels/winograd_kernels.h"

namespace edge::kernels::winograd {

/// How the points are cut up for the product.
struct WeightPanels {
  std::int64_t rows = 0;         ///< output channels of a panel
  bool whole = false;            ///< pad the last one with channels of zeros
  std::int64_t longest_k = 128;  ///< input channels of a K block
};

class Weights {
 public:
  Weights(const Conv2dShape& shape, const float* weights, const WeightPanels& panels,
          const GemmBlocking& blocking, const WinogradKernels& kernels, const WinogradVariant& variant);

  /// Input channels, padded with zeros to whole vectors of every ISA, so that all pad alike.
  std::int64_t in_channels() const { return in_channels_; }
  /// Input channels of a K block.
  std::int64_t k_block() const { return k_block_; }
  bool keeps_points() const { return keeps_points_; }
  /// As keeps_points() of an object for that shape.
  static bool few_enough_to_keep(const Conv2dShape& shape, const WinogradVariant& variant);
  std::size_t bytes() const;
  /// Output channels of a block whose made points stay in the L2 cache.
  std::int64_t rows_in_cache() const;
  /// Floats of scratch that points() needs for blocks of `rows` output channels.
  std::int64_t scratch_floats(std::int64_t rows) const;

  /// Output channels, with those that pad the last panel.
  std::int64_t out_channels() const { return out_channels_; }
  /// Two rows of points (row_of() says which) of `rows` output channels from first_row on, which begins a
  /// panel, for the `channels` input channels of the K block that starts at first_channel. Point i of 2 x
  /// alpha is a sequence of panels at `data` + i * stride: per input channel one float for each of the
  /// panel's output channels.
  struct Points {
    const float* data;
    std::int64_t stride;
  };
  Points points(int pair, std::int64_t first_row, std::int64_t rows, std::int64_t first_channel,
                std::int64_t channels, float* scratch) const;
  /// Which row of points the first or second (0, 1) row of a pair is.
  int row_of(int pair, int which) const {
    if (pair > 0) return 2 * pair - 1 + which;
    return which == 0 ? 0 : variant_->alpha() - 1;
  }

 private:
  void pack(const Conv2dShape& shape, const float* weights);

  const WinogradVariant* variant_;
  std::int64_t panel_rows_;
  std::int64_t made_floats_;  ///< made points that stay in the L2 cache
  std::int64_t lanes_;
  std::int64_t taps_;
  std::int64_t in_channels_;
  std::int64_t out_channels_;
  std::int64_t k_block_;
  bool keeps_points_;
  std::int64_t kept_stride_;
  AlignedBuffer packed_;
  AlignedBuffer kept_;
};

}  // namespace edge::kernels::winograd
