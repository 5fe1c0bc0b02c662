// The video as the master sends it: held still where nothing moves, with change rates, a group at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "engine/array.h"
#include "engine/dirty_shares.h"
#include "roles/master/frame_change.h"
#include "roles/video/frame_hold.h"
#include "roles/video/paced_source.h"

namespace edge {

struct InputFrame {
  std::uint64_t video_index = 0;
  std::uint64_t dropped = 0;  ///< frames of the video, all before this one
  std::chrono::steady_clock::time_point captured;
  std::optional<double> video_s = {};  ///< time stamp in the video, seconds (FrameTimes)
  Placement placement = {};            ///< of the source's picture in the frame; empty: not known
  Array pixels;
  FrameChange change = {};  ///< empty for the first frame
  bool unchanged = false;   ///< `pixels` are the array of the frame before
};

/// One thread calls next() and upcoming_changes(); cancel() may be called from any. Throws the video's
/// errors.
class GroupSource {
 public:
  struct Options {
    HoldOptions hold = {};
    /// Frames that may be read before they are wanted, so that a whole group's rates are known when it is
    /// planned. 1 for cameras: there a frame read early would be an old one.
    std::size_t look_ahead = 1;
    /// Those in front of it are read, so that what the gate holds is what it would hold, but not returned.
    std::uint64_t first_frame = 0;
    std::shared_ptr<const DirtyShares> dirty_shares = nullptr;  ///< null: nobody wants to know them
  };
  GroupSource(std::unique_ptr<FrameSource> source, const PaceOptions& pace, const Options& options);

  /// The next frame, or nothing at the end. Its capture counts from now on if it was read early.
  std::optional<InputFrame> next();
  /// What the frames that next() will return change, as far as it looks ahead; waits for one at least. Empty
  /// at the end of the video.
  std::vector<FrameChange> upcoming_changes();
  void cancel() { source_.cancel(); }

 private:
  bool read_one();
  bool skip();

  PacedSource source_;
  const Options options_;
  FrameHold hold_;
  std::deque<InputFrame> ahead_;
  Array last_;
  bool skipped_ = false;  ///< the frames in front of the first one
  bool ended_ = false;
  std::exception_ptr broken_;  ///< thrown when the frames in front of it have gone
};

}  // namespace edge
