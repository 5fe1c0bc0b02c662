// Plays a frame source as fast as it is asked, or at its own rate, dropping what comes too late to be used.
// One owner calls next() from one thread; cancel() may be called from any. next() throws the source's errors.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "roles/video/frame_source.h"
#include "roles/video/placement.h"

namespace edge {

/// What time it is, for the pacing; tests have their own.
class PaceClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~PaceClock() = default;
  virtual TimePoint now() = 0;
  /// Returns at `due`, or soon after interrupt(), also if that came before.
  virtual void wait_until(TimePoint due) = 0;
  virtual void interrupt() = 0;
};
std::unique_ptr<PaceClock> make_steady_clock();

struct PaceOptions {
  /// False: next() reads the source itself, no frame is dropped. True: a thread plays the source by its
  /// frames' time stamps (a live one as its frames come), and next() returns the newest frame.
  bool realtime = false;
  std::uint64_t frame_limit = 0;  ///< frames of the video that are played, dropped ones included; 0: all
  double default_rate = 25;       ///< frames per second, of recordings with neither time stamps nor a rate
};

struct PacedFrame {
  std::uint64_t index = 0;  ///< in the video
  Array elements;
  PaceClock::TimePoint
      captured_at;            ///< by the source, if that knows; else when it was due (realtime) or read
  std::uint64_t dropped = 0;  ///< frames of the video that were dropped so far, all before this one
  std::optional<double> video_s = {};  ///< its time stamp, FrameTimes::video_s
  Placement placement = {};            ///< FrameSource::placement()
};

class PacedSource {
 public:
  PacedSource(std::unique_ptr<FrameSource> source, const PaceOptions& options,
              std::unique_ptr<PaceClock> clock = make_steady_clock());
  /// Cancels, and joins the thread.
  ~PacedSource();
  PacedSource(const PacedSource&) = delete;
  PacedSource& operator=(const PacedSource&) = delete;

  /// The next frame, or nothing at the end or after cancel(). The video starts to play at the first call, so
  /// that no frame is dropped while nobody is ready.
  std::optional<PacedFrame> next();
  /// For good; a blocked next() returns soon.
  void cancel();

 private:
  std::optional<PacedFrame> read();
  void play();
  void publish(PacedFrame frame);
  bool cancelled();

  std::unique_ptr<FrameSource> source_;
  PaceOptions options_;
  std::unique_ptr<PaceClock> clock_;
  std::uint64_t read_frames_ = 0;  // owner's, or the thread's once that runs

  std::mutex mutex_;  // all below but thread_
  std::condition_variable changed_;
  std::optional<PacedFrame> newest_;
  std::uint64_t dropped_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
  std::exception_ptr error_;
  std::thread thread_;  // started by the first next()
};

}  // namespace edge
