// Holds what did not change: pixels that move by no more than noise keep the value of the frame before, so
// that they need neither be sent nor computed. What comes out is what the network sees, everywhere: lossy
// against the camera's picture, exact from here on.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/array.h"

namespace edge {

struct HoldOptions {
  int deadband = 0;  ///< a pixel keeps its value while it moves by at most so many of 255 steps; 0: off
  /// An 8x8 block keeps its pixels unless a 5x5 mean in it moves by more (kernels/block_gate.h); 0: off.
  int gate = 0;
  /// With a gate: so many of the blocks per frame, on average, take their new pixels in any case, so that
  /// nothing that the gate does not see stays wrong: all blocks of every (1 / refresh)th frame. 0: none.
  double refresh = 1.0 / 64;
};

/// One owner, one thread; no errors.
class FrameHold {
 public:
  explicit FrameHold(const HoldOptions& options) : options_(options) {}

  /// `frame`: 1x3xHxW, 8-bit. The first frame, and one of another shape, comes back as it is. A frame that
  /// is held in whole, or has the bits of the last one, comes back as that: the same array, not only the same
  /// pixels.
  Array hold(Array frame);

 private:
  bool is_refreshed();
  Array pass_gate(const Array& frame);
  Array pass_deadband(const Array& frame) const;

  HoldOptions options_;
  Array last_;
  double due_ = 0;                     ///< part of a refresh that has become due
  std::vector<std::uint8_t> changed_;  ///< by block
};

}  // namespace edge
