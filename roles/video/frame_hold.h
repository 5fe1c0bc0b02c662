// Holds what did not change: pixels that move by no more than noise keep the value of the frame before, so
// that they need neither be sent nor computed. What comes out is what the network sees, everywhere: lossy
// against the camera's picture, exact from here on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/array.h"

namespace edge {

struct HoldOptions {
  int deadband = 0;  ///< a pixel keeps its value while it moves by at most so many of 255 steps; 0: off
  /// An 8x8 block keeps its pixels unless a 5x5 mean in it moves by more (kernels/block_gate.h); 0: off.
  int gate = 0;
  /// With a gate: this share of the blocks takes its new pixels in any case, in turn, so that nothing that
  /// the gate does not see stays wrong; 0: none.
  double refresh = 1.0 / 64;
};

/// One owner, one thread; no errors.
class FrameHold {
 public:
  explicit FrameHold(const HoldOptions& options) : options_(options) {}

  /// `frame`: 1x3xHxW, 8-bit. The first frame, and one of another shape, comes back as it is.
  Array hold(Array frame);

 private:
  Array pass_gate(const Array& frame);
  Array pass_deadband(const Array& frame) const;
  bool is_refreshed(std::size_t block_row, std::size_t block_column) const;

  HoldOptions options_;
  Array last_;
  double due_ = 0;                     ///< refreshes, in turns of an 8x8 pattern of blocks
  std::uint64_t turn_ = 0;             ///< turns of the pattern that were taken before this frame
  std::uint64_t turns_now_ = 0;        ///< and are taken with it
  std::vector<std::uint8_t> changed_;  ///< by block
};

}  // namespace edge
