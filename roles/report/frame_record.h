// What the master knows about one finished frame. Plain data; seconds count from the start of the run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "roles/scheduling/plan.h"

namespace edge {

/// Bytes of one frame on one link.
struct LinkTraffic {
  std::uint64_t sent_bytes = 0;       ///< whole messages, resent ones included
  std::uint64_t raw_float_bytes = 0;  ///< the same tensors as float32, without headers
  std::uint64_t full_bytes = 0;  ///< the same tensors in mode `full`: 8-bit input frames, float32 otherwise
  double values_error = 0;       ///< of rounded tensors: the largest, relative to their largest value
};

/// Seconds that a worker's stages spent on one frame. Stages of different frames overlap.
struct WorkerTimes {
  double receive_s = 0;  ///< from a message's header to its last byte
  double decode_s = 0;
  double compute_s = 0;
  double encode_s = 0;
  double send_s = 0;
  double computed_macs = 0;  ///< multiply-adds of what may have changed ...
  double all_macs = 0;       ///< ... and of all its layers
};

struct FrameRecord {
  std::uint64_t frame = 0;             ///< in the video; dropped frames leave gaps
  bool unchanged = false;              ///< the same pixels as the frame before, whose result it has
  std::uint64_t dropped = 0;           ///< frames of the video that were dropped so far
  std::optional<double> video_s = {};  ///< its time stamp in the video
  double captured_s = 0;
  double finished_s = 0;  ///< when the result was with the master
  scheduling::Plan plan;
  std::vector<LinkTraffic> links;    ///< link w leads to worker w; zero behind the last active worker
  std::vector<WorkerTimes> workers;  ///< zero behind the last active worker
};

}  // namespace edge
