// The frames under way: at most `pending` of them, delivered in order, exactly once. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "roles/master/frame_under_way.h"

namespace edge {

class InFlight {
 public:
  explicit InFlight(int pending) : pending_(static_cast<std::size_t>(pending)) {}

  enum class Next : std::uint8_t {
    send,        ///< there is room for one more frame
    send_again,  ///< the frames of unfinished() may be lost
    done         ///< no more input and everything finished, or stopped
  };
  /// For the feeding thread: waits until there is something to do. Nothing happens while the chain is
  /// incomplete.
  Next wait_for_work();
  void add(FrameUnderWay frame);
  /// No more frames will be added.
  void end_of_input();
  /// Frames without a result, in order; clears the request to send again.
  std::vector<FrameUnderWay> unfinished();

  /// The chain is complete (again) or not. After an interruption all unfinished frames are due to be sent
  /// again.
  void set_complete(bool complete);

  /// False (and nothing happens) if the frame is not under way or finished already.
  bool finish(chain::Result result);

  /// For the output thread: the oldest frame, once finished; waits. Nothing when all is done or stopped.
  std::optional<FrameUnderWay> next_finished();

  void stop();

 private:
  std::size_t unfinished_count() const;

  const std::size_t pending_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FrameUnderWay> frames_;  ///< from the oldest that was not yet taken by next_finished()
  bool complete_ = false;
  bool interrupted_ = false;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace edge
