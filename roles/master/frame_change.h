// What is known of a frame before it is sent. Plain value.
#pragma once

#include <vector>

namespace edge {

/// Against the frame before; empty where it is not known.
struct FrameChange {
  std::vector<double> rates = {};  ///< by channel: the part of its elements that differs
  /// By layer: the part of its output's positions that may differ (DirtyShares), if workers keep outputs.
  std::vector<double> dirty_shares = {};
  bool unchanged = false;  ///< the same array: the frame is neither sent nor computed
};

}  // namespace edge
