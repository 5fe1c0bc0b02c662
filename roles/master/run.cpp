#include "roles/master/run.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edge {

Run::Run(Options options)
    : instance_(options.instance),
      isa_(std::move(options.isa)),
      pending_(options.pending),
      wait_for_(options.wait_for > 0 ? options.wait_for : options.bandwidth.size()),
      membership_(options.bandwidth),
      offences_(options.bandwidth.size()),
      waits_for_trainer_(options.waits_for_trainer) {
  assert(pending_ > 0);
}

bool Run::on_route(int worker) const {
  return std::binary_search(route_.begin(), route_.end(), worker);
}

std::size_t Run::unfinished() const {
  return static_cast<std::size_t>(std::count_if(frames_.begin(), frames_.end(), is_open));
}

void Run::worker_up(int worker, std::string isa) {
  if (membership_.member(worker).connected) worker_lost(worker);
  // Until the next epoch begins it may get frames of this one from the worker in front of it.
  if (on_route(worker)) same_isa_ = same_isa_ && isa == isa_;
  membership_.up(worker, std::move(isa));
}

void Run::worker_lost(int worker) {
  if (membership_.lost(worker) && on_route(worker)) broken_ = true;
}

void Run::link_state(int from, int to, bool connected) {
  membership_.link_state(from, to, connected);
  if (!connected && scheduling::has_link(route_, from, to)) broken_ = true;
}

bool Run::worker_offended(int worker) {
  return ++offences_.at(static_cast<std::size_t>(worker)) >= most_offences && !goes_on_without(worker);
}

void Run::profiled(int worker, std::vector<double> layer_cost) {
  membership_.profiled(worker, std::move(layer_cost));
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
  // Another worker of the chain has nothing to say of it. (Without a report nobody knows who speaks.)
  if (!result.stages.empty() && !content.plan.ends.empty() &&
      result.stages.back().worker != content.plan.last_active()) {
    return Fate::not_under_way;
  }
  content.finished = now;
  content.same_isa = same_isa_;
  content.route = route_;
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

void Run::planned_again(std::uint64_t frame, const scheduling::Plan& plan) {
  for (Frame& entry : frames_) {
    if (entry.content.frame == frame) entry.content.plan = plan;
  }
}

void Run::change_route() {
  assert(reading_);
  reading_ = false;
  changing_ = true;
}

void Run::input_ended() {
  reading_ = false;
  ended_ = true;
}

std::variant<action::Wait, action::Done, action::BeginEpoch, action::SendFrame> Run::next_to_dispatch() {
  if (stopped_ || (ended_ && all_finished())) return action::Done{};
  if (dispatching_) return action::Wait{};
  if (!chain_works() || (changing_ && all_finished())) {
    if (!chain_works() && !missing().empty()) return action::Wait{};
    const scheduling::Route route = membership_.usable_route();
    assert(chain_works() || !route.empty());
    // Of a change that is not for now any more nothing is left but the pause.
    if (!chain_works() || (!route.empty() && membership_.ready(route))) {
      // At once, so that a worker that is lost from now on is one of this epoch.
      broken_ = changing_ = false;
      ++epoch_;
      route_ = route;
      same_isa_ = std::all_of(route_.begin(), route_.end(),
                              [&](int worker) { return membership_.member(worker).isa == isa_; });
      dispatching_ = true;
      return epoch_with(route_);
    }
    changing_ = false;
  }
  const auto next = std::find_if(frames_.begin(), frames_.end(), [&](const Frame& frame) {
    return is_open(frame) && frame.sent_in != epoch_;
  });
  if (next == frames_.end()) return action::Wait{};
  dispatching_ = true;
  const bool again = std::exchange(next->sent_in, epoch_) > 0;
  return action::SendFrame{.frame = next->content, .epoch = epoch_, .again = again};
}

bool Run::somebody_there() const {
  const std::vector<Member>& members = membership_.members();
  return std::any_of(members.begin(), members.end(), [](const Member& member) { return member.connected; });
}

bool Run::goes_on_without(int worker) const {
  const std::vector<Member>& members = membership_.members();
  for (int other = 0; other < workers(); ++other) {
    if (other != worker && members[static_cast<std::size_t>(other)].connected) return has_begun();
  }
  return false;
}

action::BeginEpoch Run::epoch_with(const scheduling::Route& route) const {
  action::BeginEpoch begin{.epoch = epoch_,
                           .route = route,
                           .members = membership_.members(),
                           .bandwidth = std::vector<std::optional<double>>(membership_.members().size())};
  int from = the_master;
  for (const int to : route) {
    begin.bandwidth[static_cast<std::size_t>(to)] = membership_.bandwidth(from, to);
    from = to;
  }
  begin.frames_again =
      static_cast<std::size_t>(std::count_if(frames_.begin(), frames_.end(), [](const Frame& frame) {
        return frame.sent_in > 0 && !frame.content.result;
      }));
  return begin;
}

std::optional<action::BeginEpoch> Run::available() const {
  if (!chain_works() || changing_) return std::nullopt;
  const scheduling::Route route = membership_.usable_route();
  const bool somebody_new =
      std::any_of(route.begin(), route.end(), [&](int worker) { return !on_route(worker); });
  if (!somebody_new || !membership_.ready(route)) return std::nullopt;
  return epoch_with(route);
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
  if (reading_ || changing_ || !link_is_ready || !room) return action::Wait{};
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
  frame.route = delivered_->route;
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
  if (chain_works()) return {};
  std::vector<Missing> list = membership_.missing(needed());
  if (waits_for_trainer_) list.push_back({.what = Missing::What::trainer});
  return list;
}

}  // namespace edge
