#include "tests/faults/video_feeder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/faults/setup.h"

namespace edge::faults {

VideoFeeder::VideoFeeder(int descriptor, int frames, double frames_per_s, int pictures)
    : descriptor_(descriptor),
      frames_(frames),
      pictures_(pictures),
      step_(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::duration<double>(1 / frames_per_s))),
      rest_(video_header()) {}

VideoFeeder::~VideoFeeder() {
  close();
}

void VideoFeeder::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void VideoFeeder::feed(TimePoint now) {
  if (done()) return;
  while (!rest_.empty()) {
    const ssize_t count = ::write(descriptor_, rest_.data(), rest_.size());
    if (count < 0) {
      if (errno != EAGAIN) close();
      return;
    }
    rest_.erase(0, static_cast<std::size_t>(count));
  }
  if (given_ == frames_) return close();
  if (paused_ || now < due_) return;
  // A master that reads slowly does not get a burst afterwards.
  due_ = std::max(due_ + step_, now);
  rest_ = video_frame(pictures_ > 0 ? given_ % pictures_ : given_);
  ++given_;
  feed(now);
}

}  // namespace edge::faults
