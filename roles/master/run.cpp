#include "roles/master/run.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edge {

Run::Run(Options options)
    : instance_(options.instance),
      isa_(std::move(options.isa)),
      pending_(options.pending),
      members_(options.bandwidth.size()),
      offences_(options.bandwidth.size()),
      bandwidth_(std::move(options.bandwidth)),
      waits_for_trainer_(options.waits_for_trainer) {
  assert(pending_ > 0 && !members_.empty());
}

/// Whether nothing can be sent without this worker: so far, a chain is made of all of them.
bool Run::needed(int) const {
  return true;
}

Member& Run::member(int worker) {
  assert(worker >= 0 && worker < workers());
  return members_[static_cast<std::size_t>(worker)];
}

std::size_t Run::unfinished() const {
  return static_cast<std::size_t>(std::count_if(frames_.begin(), frames_.end(), is_open));
}

void Run::worker_up(int worker, std::string isa) {
  if (member(worker).connected) worker_lost(worker);
  // Until the next epoch begins it may get frames of this one from the worker in front of it.
  same_isa_ = same_isa_ && isa == isa_;
  member(worker) = {.connected = true, .isa = std::move(isa), .layer_cost = {}};
}

void Run::worker_lost(int worker) {
  if (!std::exchange(member(worker).connected, false)) return;
  if (needed(worker)) broken_ = true;
}

bool Run::worker_offended(int worker) {
  return ++offences_.at(static_cast<std::size_t>(worker)) >= most_offences;
}

void Run::profiled(int worker, std::vector<double> layer_cost) {
  member(worker).layer_cost = std::move(layer_cost);
}

void Run::link_measured(int worker, double bytes_per_s) {
  std::optional<double>& known = bandwidth_.at(static_cast<std::size_t>(worker));
  if (!known) known = bytes_per_s;
}

Run::Fate Run::result(chain::Result result, std::chrono::steady_clock::time_point now) {
  if (result.run.instance != instance_) return Fate::other_run;
  if (result.run.epoch != epoch_) return Fate::other_epoch;
  const auto frame = std::find_if(frames_.begin(), frames_.end(), [&](const Frame& entry) {
    return entry.content.frame == result.frame && entry.sent_in == epoch_;
  });
  if (frame == frames_.end()) return Fate::not_under_way;
  FrameUnderWay& content = frame->content;
  if (content.result) return Fate::repeated;
  content.finished = now;
  content.same_isa = same_isa_;
  content.result = std::move(result);
  std::fill(offences_.begin(), offences_.end(), 0);
  return Fate::accepted;
}

void Run::dispatched() {
  dispatching_ = false;
}

void Run::frame_read(FrameUnderWay frame) {
  assert(reading_ && frame.frame == next_read_);
  assert((!frame.unchanged || next_read_ > 0) && "nothing before it has a result");
  reading_ = false;
  ++next_read_;
  frames_.push_back({.content = std::move(frame)});
}

void Run::input_ended() {
  reading_ = false;
  ended_ = true;
}

std::variant<action::Wait, action::Done, action::BeginEpoch, action::SendFrame> Run::next_to_dispatch() {
  if (stopped_ || (ended_ && all_finished())) return action::Done{};
  if (dispatching_) return action::Wait{};
  if (!chain_works()) {
    if (!missing().empty()) return action::Wait{};
    // At once, so that a worker that is lost from now on is one of this epoch.
    broken_ = false;
    ++epoch_;
    same_isa_ = std::all_of(members_.begin(), members_.end(),
                            [&](const Member& member) { return member.isa == isa_; });
    dispatching_ = true;
    const auto again = std::count_if(frames_.begin(), frames_.end(), [](const Frame& frame) {
      return frame.sent_in > 0 && !frame.content.result;
    });
    return action::BeginEpoch{.epoch = epoch_,
                              .members = members_,
                              .bandwidth = bandwidth_,
                              .frames_again = static_cast<std::size_t>(again)};
  }
  const auto next = std::find_if(frames_.begin(), frames_.end(), [&](const Frame& frame) {
    return is_open(frame) && frame.sent_in != epoch_;
  });
  if (next == frames_.end()) return action::Wait{};
  dispatching_ = true;
  const bool again = std::exchange(next->sent_in, epoch_) > 0;
  return action::SendFrame{.frame = next->content, .epoch = epoch_, .again = again};
}

std::variant<action::Wait, action::Done, action::ReadFrame> Run::next_to_read() {
  if (stopped_ || ended_) return action::Done{};
  // A frame is read when the one before it is with the link: one that is read early is an old one.
  const bool link_is_ready =
      chain_works() && !dispatching_ && std::all_of(frames_.begin(), frames_.end(), [&](const Frame& frame) {
        return !is_open(frame) || frame.sent_in == epoch_;
      });
  // Results that wait to be delivered count as much again, so that a slow output holds the chain up.
  const bool room = unfinished() < pending_ && frames_.size() < 2 * pending_;
  if (reading_ || !link_is_ready || !room) return action::Wait{};
  reading_ = true;
  return action::ReadFrame{.frame = next_read_};
}

/// It is finished when both the result and the frame are there. Nothing was done for it anywhere.
void Run::take_over_result(FrameUnderWay& frame) const {
  assert(delivered_ && "frames are handed out in order");
  frame.result = delivered_->result;
  frame.result->frame = frame.frame;
  frame.result->stages.clear();
  frame.same_isa = delivered_->same_isa;
  frame.finished = std::max(delivered_->finished, frame.captured);
  frame.plan = delivered_->plan;
}

std::variant<action::Wait, action::Done, action::Deliver> Run::next_to_deliver() {
  if (!frames_.empty() && frames_.front().content.unchanged) take_over_result(frames_.front().content);
  if (!frames_.empty() && frames_.front().content.result) {
    action::Deliver deliver{.frame = std::move(frames_.front().content)};
    frames_.pop_front();
    delivered_ = deliver.frame;
    delivered_->pixels = {};
    return deliver;
  }
  if (stopped_ || (ended_ && frames_.empty())) return action::Done{};
  return action::Wait{};
}

std::vector<Missing> Run::missing() const {
  using What = Missing::What;
  std::vector<Missing> list;
  if (chain_works()) return list;
  for (int worker = 0; worker < workers(); ++worker) {
    if (!needed(worker)) continue;
    const Member& member = members_[static_cast<std::size_t>(worker)];
    if (!member.connected) {
      list.push_back({.what = What::connection, .worker = worker});
    } else if (member.layer_cost.empty()) {
      list.push_back({.what = What::profile, .worker = worker});
    } else if (!bandwidth_[static_cast<std::size_t>(worker)]) {
      list.push_back({.what = What::link_bandwidth, .worker = worker});
    }
  }
  if (waits_for_trainer_) list.push_back({.what = What::trainer});
  return list;
}

}  // namespace edge
