// Gives a master its video, frame by frame, at a rate. One thread; never blocks.
#pragma once

#include <chrono>
#include <string>

namespace edge::faults {

class VideoFeeder {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Owns `descriptor`, which does not block. The pictures begin again after so many; 0: they do not.
  VideoFeeder(int descriptor, int frames, double frames_per_s, int pictures = 0);
  ~VideoFeeder();
  VideoFeeder(const VideoFeeder&) = delete;
  VideoFeeder& operator=(const VideoFeeder&) = delete;

  /// Writes what is due, and closes behind the last frame.
  void feed(TimePoint now);
  /// No further frames for now.
  void pause(bool paused) { paused_ = paused; }
  int given() const { return given_; }
  bool done() const { return descriptor_ < 0; }

 private:
  void close();

  int descriptor_;
  const int frames_;
  const int pictures_;
  const std::chrono::steady_clock::duration step_;
  bool paused_ = false;
  int given_ = 0;
  TimePoint due_;
  std::string rest_;  ///< of what was begun
};

}  // namespace edge::faults
