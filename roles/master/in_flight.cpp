#include "roles/master/in_flight.h"

#include <algorithm>
#include <chrono>

namespace edge {

// mutex_ is held.
std::size_t InFlight::unfinished_count() const {
  return static_cast<std::size_t>(std::count_if(frames_.begin(), frames_.end(),
                                                [](const FrameUnderWay& frame) { return !frame.result; }));
}

InFlight::Next InFlight::wait_for_work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_) return Next::done;
    if (ended_ && unfinished_count() == 0) return Next::done;
    if (complete_ && interrupted_) return Next::send_again;
    // Finished frames that were not yet written out count twice as much room, so that a slow output holds the
    // chain up.
    if (complete_ && !ended_ && unfinished_count() < pending_ && frames_.size() < 2 * pending_)
      return Next::send;
    changed_.wait(lock);
  }
}

void InFlight::add(FrameUnderWay frame) {
  const std::lock_guard lock(mutex_);
  frames_.push_back(std::move(frame));
}

void InFlight::end_of_input() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::vector<FrameUnderWay> InFlight::unfinished() {
  const std::lock_guard lock(mutex_);
  interrupted_ = false;
  std::vector<FrameUnderWay> list;
  std::copy_if(frames_.begin(), frames_.end(), std::back_inserter(list),
               [](const FrameUnderWay& frame) { return !frame.result; });
  return list;
}

void InFlight::set_complete(bool complete) {
  const std::lock_guard lock(mutex_);
  if (!complete) interrupted_ = true;
  complete_ = complete;
  changed_.notify_all();
}

bool InFlight::finish(chain::Result result) {
  const std::lock_guard lock(mutex_);
  const auto frame = std::find_if(frames_.begin(), frames_.end(),
                                  [&](const FrameUnderWay& entry) { return entry.frame == result.frame; });
  if (frame == frames_.end() || frame->result) return false;
  frame->finished = std::chrono::steady_clock::now();
  frame->result = std::move(result);
  changed_.notify_all();
  return true;
}

std::optional<FrameUnderWay> InFlight::next_finished() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return stopped_ || (ended_ && frames_.empty()) || (!frames_.empty() && frames_.front().result);
  });
  if (frames_.empty() || !frames_.front().result) return std::nullopt;
  FrameUnderWay frame = std::move(frames_.front());
  frames_.pop_front();
  changed_.notify_all();
  return frame;
}

void InFlight::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace edge
