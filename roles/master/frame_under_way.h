// A frame from the moment it was read until its result is written. A plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/array.h"
#include "roles/chain/result.h"
#include "roles/scheduling/plan.h"
#include "roles/scheduling/route.h"
#include "roles/video/placement.h"

namespace edge {

struct FrameUnderWay {
  std::uint64_t frame = 0;             ///< counts the frames that were sent
  std::uint64_t video_index = 0;       ///< counts the frames of the video, dropped ones too
  std::uint64_t dropped = 0;           ///< frames of the video in front of it that were not sent
  std::optional<double> video_s = {};  ///< time stamp in the video
  std::chrono::steady_clock::time_point captured;
  std::chrono::steady_clock::time_point finished;
  scheduling::Plan plan;
  Placement placement = {};  ///< of the source's picture in the frame
  Array pixels;
  bool unchanged = false;  ///< the frame before has the same pixels: it is not sent, its result is that one's
  std::optional<chain::Result> result;
  scheduling::Route route = {};  ///< that it took to the result
  /// Every device that may have computed the result has the master's instruction set: its bits can be
  /// compared.
  bool same_isa = true;
};

}  // namespace edge
