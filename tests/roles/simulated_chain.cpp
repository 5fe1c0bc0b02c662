#include "tests/roles/simulated_chain.h"

#include <algorithm>

namespace edge::test {
namespace {

constexpr std::uint64_t our_instance = 77;
constexpr std::uint64_t old_instance = 76;

/// Stands for the pixels of frame `number`: what a chain makes of it can only come from them.
std::uint64_t content_of(std::uint64_t number) {
  return number * 0x9e3779b97f4a7c15U + 1;
}
std::uint32_t checksum_of(std::uint64_t content) {
  return static_cast<std::uint32_t>(content >> 16U) ^ 0xabcdU;
}

}  // namespace

SimulatedChain::SimulatedChain(std::uint64_t seed)
    : random_(seed),
      pending_(1 + pick(4)),
      frames_(pick(40)),
      workers_(1 + pick(3)),
      waits_for_trainer_(pick(3) == 0),
      wait_for_(pick(workers_.size() + 1)),
      run_({.instance = our_instance,
            .isa = our_isa,
            .pending = pending_,
            .bandwidth = some_configured(),
            .wait_for = wait_for_,
            .waits_for_trainer = waits_for_trainer_}) {}

void SimulatedChain::step() {
  const std::size_t any = pick(workers_.size());
  switch (pick(100)) {
    case 0:
      return lose(any);
    case 1:
      workers_[any].doomed = workers_[any].up;
      return;
    case 2:
    case 3:
    case 4:
      return come_up(any);
    case 5:
    case 6:
      return profile(any);
    case 7:
      return fail_a_link();
    case 15:
    case 16:
    case 17:
    case 18:
      make_a_link();
      return;
    case 19:
      return run_.keep_out(static_cast<int>(any), pick(2) == 0);
    case 8:
      return pick(4) == 0 ? trainer_ready() : void();
    case 9:
    case 10:
    case 11:
      return meddle();
    case 12:
      input_stalls_ = pick(3) == 0;
      return;
    case 13:
      output_stalls_ = pick(3) == 0;
      return;
    case 14:
      return pick(8) == 0 ? replace(any) : void();
    default:
      go_on(pick(7));
  }
}

void SimulatedChain::drain() {
  healing_ = true;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t what = 0; what < 7; ++what) moved = go_on(what) || moved;
    ASSERT_LT(++rounds_, 100000) << "it goes round and round";
  }
  healing_ = false;
}

void SimulatedChain::heal(bool input_flows) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].doomed) lose(i);
    come_up(i);
    profile(i);
    run_.keep_out(static_cast<int>(i), false);
  }
  while (make_a_link()) {
  }
  trainer_ready();
  input_stalls_ = !input_flows;
  output_stalls_ = false;
}

void SimulatedChain::stop() {
  run_.stop();
  link_reset_ = true;  // closed
  input_stalls_ = output_stalls_ = false;
}

void SimulatedChain::expect_all_read_frames_delivered() const {
  EXPECT_EQ(delivered_, read_);
  EXPECT_EQ(accepted_ + unchanged_.size(), read_);
}

void SimulatedChain::expect_all_doers_done() const {
  EXPECT_TRUE(dispatcher_done_);
  EXPECT_TRUE(reader_done_);
  EXPECT_TRUE(output_done_);
}

std::size_t SimulatedChain::pick(std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
}

std::vector<std::optional<double>> SimulatedChain::some_configured() {
  std::vector<std::optional<double>> bandwidth(workers_.size());
  for (auto& link : bandwidth) {
    if (pick(2) == 0) link = 1e6;
  }
  return bandwidth;
}

void SimulatedChain::lose(std::size_t index) {
  Worker& worker = workers_[index];
  if (!worker.up) return;
  worker.up = worker.profiled = worker.doomed = false;
  if (pick(2) == 0) worker.items.clear();  // the process ended; otherwise only its connection
  if (!route_.empty() && static_cast<int>(index) == route_.back()) {
    std::erase_if(results_, [&](const chain::Result&) { return pick(2) == 0; });
  }
  const int number = static_cast<int>(index);
  std::erase_if(links_, [&](const auto& link) { return link.first == number || link.second == number; });
  run_.worker_lost(number);
  reset_links_if_broken();
}

// As the master does, so that nobody waits for room in them.
void SimulatedChain::reset_links_if_broken() {
  if (!run_.is_broken()) return;
  link_.clear();
  link_reset_ = true;
}

void SimulatedChain::come_up(std::size_t index) {
  Worker& worker = workers_[index];
  if (worker.up) return;
  worker.up = true;
  worker.doomed = false;
  // A new process may be one on another device.
  if (worker.items.empty() && pick(4) == 0) worker.isa = worker.isa == our_isa ? "scalar" : our_isa;
  const bool on_route = std::binary_search(route_.begin(), route_.end(), static_cast<int>(index));
  if (on_route) epoch_has_our_isa_ = epoch_has_our_isa_ && worker.isa == our_isa;
  run_.worker_up(static_cast<int>(index), worker.isa);
}

void SimulatedChain::replace(std::size_t index) {
  if (!workers_[index].up) return;
  workers_[index].up = workers_[index].profiled = false;
  workers_[index].items.clear();
  const int number = static_cast<int>(index);
  std::erase_if(links_, [&](const auto& link) { return link.first == number || link.second == number; });
  come_up(index);
  reset_links_if_broken();
}

bool SimulatedChain::can_be(const scheduling::Route& route) const {
  int from = the_master;
  for (const int to : route) {
    const Worker& worker = workers_[static_cast<std::size_t>(to)];
    if (!worker.up || !worker.profiled || !links_.contains({from, to})) return false;
    from = to;
  }
  return !route.empty();
}

bool SimulatedChain::make_a_link() {
  const auto wanted = run_.wanted_links();
  run_.let_other_links_go();
  std::erase_if(links_, [&](const auto& link) {
    return !wanted[static_cast<std::size_t>(link.first + 1)].contains(link.second);
  });
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const int from = static_cast<int>(i) - 1;
    if (from >= 0 && !workers_[i - 1].up) continue;
    for (const int to : wanted[i]) {
      if (!links_.insert({from, to}).second) continue;
      run_.link_state(from, to, true);
      run_.link_measured(from, to, 2e6);
      return true;
    }
  }
  return false;
}

void SimulatedChain::fail_a_link() {
  const auto wanted = run_.wanted_links();
  const std::size_t i = pick(wanted.size());
  if (wanted[i].empty() || (i > 0 && !workers_[i - 1].up)) return;
  const int from = static_cast<int>(i) - 1;
  const int to = *wanted[i].begin();
  links_.erase({from, to});
  run_.link_state(from, to, false);
  reset_links_if_broken();
}

void SimulatedChain::trainer_ready() {
  waits_for_trainer_ = false;
  run_.trainer_ready();
}

void SimulatedChain::profile(std::size_t index) {
  Worker& worker = workers_[index];
  if (!worker.up || worker.profiled) return;
  worker.profiled = true;
  run_.profiled(static_cast<int>(index), {0, 1e-3});
}

void SimulatedChain::meddle() {
  const auto now = std::chrono::steady_clock::time_point{};
  const std::uint64_t frame = delivered_ + pick(8);
  switch (pick(3)) {
    case 0: {  // the worker was still busy with a run before this one
      chain::Result result{.frame = frame, .run = {.instance = old_instance, .epoch = epoch_}};
      EXPECT_EQ(run_.result(result, now), Run::Fate::other_run);
      return;
    }
    case 1: {  // of a frame that was not sent, at least not in this epoch
      chain::Result result{.frame = frame, .run = {.instance = our_instance, .epoch = epoch_}};
      if (sent_.count(frame) > 0) return;
      EXPECT_NE(run_.result(result, now), Run::Fate::accepted);
      return;
    }
    default:
      if (!past_results_.empty()) results_.push_back(past_results_[pick(past_results_.size())]);
  }
}

bool SimulatedChain::go_on(std::size_t what) {
  switch (what) {
    case 0:
      return take_dispatch();
    case 1:
      return do_dispatch();
    case 2:
      return read();
    case 3:
      return take_delivery();
    case 4:
      if (!delivering_ || output_stalls_) return false;
      check_delivery(*delivering_);
      delivering_.reset();
      return true;
    case 5:
      return move_an_item();
    default:
      return bring_a_result();
  }
}

bool SimulatedChain::take_dispatch() {
  if (dispatching_ || dispatcher_done_) return false;
  const auto next = run_.next_to_dispatch();
  if (const auto* begin = std::get_if<action::BeginEpoch>(&next)) {
    EXPECT_EQ(begin->epoch, epoch_ + 1);
    route_ = begin->route;
    EXPECT_TRUE(complete() && !waits_for_trainer_);
    EXPECT_TRUE(epoch_ > 0 || route_.size() >= (wait_for_ > 0 ? wait_for_ : workers_.size()));
    epoch_has_our_isa_ = std::all_of(route_.begin(), route_.end(), [&](int worker) {
      return workers_[static_cast<std::size_t>(worker)].isa == our_isa;
    });
    for (const int worker : route_) EXPECT_TRUE(begin->bandwidth[static_cast<std::size_t>(worker)]);
    shorter_ += route_.size() < workers_.size() ? 1 : 0;
    epoch_ = begin->epoch;
    sent_.clear();
    dispatching_ = Item{};
  } else if (const auto* send = std::get_if<action::SendFrame>(&next)) {
    EXPECT_EQ(send->epoch, epoch_);
    EXPECT_TRUE(complete());
    EXPECT_EQ(accepted_frames_.count(send->frame.frame), 0U) << "its result is there";
    EXPECT_TRUE(sent_.empty() || *sent_.rbegin() < send->frame.frame) << "out of order";
    EXPECT_EQ(send->again, ever_sent_.count(send->frame.frame) > 0);
    again_ += send->again ? 1 : 0;
    sent_.insert(send->frame.frame);
    ever_sent_.insert(send->frame.frame);
    EXPECT_EQ(send->frame.video_index, content_of(send->frame.frame));
    dispatching_ = Item{.frame = send->frame.frame,
                        .epoch = send->epoch,
                        .content = send->frame.video_index,
                        .route = route_};
  } else {
    dispatcher_done_ = std::holds_alternative<action::Done>(next);
    return dispatcher_done_;
  }
  link_reset_ = false;
  return true;
}

bool SimulatedChain::do_dispatch() {
  constexpr std::size_t room = 2;
  if (!dispatching_) return false;
  if (dispatching_->epoch == 0) {
    link_.clear();
  } else {
    if (link_.size() >= room && !link_reset_) return false;  // waits
    link_.push_back(*dispatching_);
  }
  dispatching_.reset();
  run_.dispatched();
  return true;
}

bool SimulatedChain::read() {
  if (reader_done_) return false;
  if (!reading_) {
    const auto next = run_.next_to_read();
    reading_ = std::holds_alternative<action::ReadFrame>(next);
    reader_done_ = std::holds_alternative<action::Done>(next);
    EXPECT_FALSE(reading_ && dispatching_) << "read before the link has room, or before the epoch has begun";
    EXPECT_FALSE(reading_ && !complete());
    if (reading_ && pick(3) == 0) {
      if (const auto other = run_.available()) {
        EXPECT_TRUE(can_be(other->route));
        EXPECT_NE(other->route, route_);
        run_.change_route();
        reading_ = false;
        ++changes_;
        return true;
      }
    }
    return reading_ || reader_done_;
  }
  if (input_stalls_) return false;
  reading_ = false;
  if (read_ == frames_) {
    run_.input_ended();
    return true;
  }
  FrameUnderWay frame;
  frame.frame = read_;
  frame.video_index = content_of(read_);
  frame.unchanged = read_ > 0 && pick(4) == 0;
  if (frame.unchanged) unchanged_.insert(read_);
  ++read_;
  run_.frame_read(std::move(frame));
  EXPECT_LE(read_ - accepted_ - unchanged_.size(), pending_) << "too many under way";
  EXPECT_LE(read_ - delivered_, 2 * pending_ + 1) << "a slow output does not hold the input";
  return true;
}

bool SimulatedChain::take_delivery() {
  if (delivering_ || output_done_) return false;
  auto next = run_.next_to_deliver();
  output_done_ = std::holds_alternative<action::Done>(next);
  if (auto* deliver = std::get_if<action::Deliver>(&next)) delivering_ = std::move(deliver->frame);
  return delivering_ || output_done_;
}

void SimulatedChain::check_delivery(const FrameUnderWay& frame) {
  EXPECT_EQ(frame.frame, delivered_) << "out of order, twice or lost";
  ++delivered_;
  ASSERT_TRUE(frame.result);
  std::uint64_t computed = frame.frame;
  while (unchanged_.count(computed) > 0) --computed;
  EXPECT_EQ(frame.result->frame, frame.frame);
  EXPECT_EQ(frame.result->checksum, checksum_of(content_of(computed))) << "of another video";
  const bool really_same_isa = frame.result->top_k.front().first == 1;
  EXPECT_TRUE(really_same_isa || !frame.same_isa) << "would be compared bit for bit";
  EXPECT_EQ(frame.same_isa, accepted_frames_.at(computed)) << "would be compared roughly";
}

bool SimulatedChain::move_an_item() {
  // From the link or from worker to worker; from the last one of its route, results.
  const std::size_t first = pick(workers_.size() + 1);
  for (std::size_t k = 0; k <= workers_.size(); ++k) {
    const std::size_t from = (first + k) % (workers_.size() + 1);  // 0: the link
    std::deque<Item>& source = from == 0 ? link_ : workers_[from - 1].items;
    if (source.empty()) continue;
    if (from > 0 && !workers_[from - 1].up) continue;
    Item item = source.front();
    if (from > 0) {
      item.computed_by_our_isa = item.computed_by_our_isa && workers_[from - 1].isa == our_isa;
      if (workers_[from - 1].doomed) {
        source.pop_front();
        return true;
      }
    }
    const auto next = std::upper_bound(item.route.begin(), item.route.end(), static_cast<int>(from) - 1);
    if (next == item.route.end()) {
      source.pop_front();
      results_.push_back({.frame = item.frame,
                          .run = {.instance = our_instance, .epoch = item.epoch},
                          .top_k = {{item.computed_by_our_isa ? 1 : 0, 0.0F}},
                          .checksum = checksum_of(item.content)});
      return true;
    }
    Worker& to = workers_[static_cast<std::size_t>(*next)];
    if (item.epoch < epoch_ && from > 0) {  // its link was given up, or it is dropped there
      source.pop_front();
      return true;
    }
    if (!to.up) continue;
    if (!healing_ && pick(10) == 0) {
      to.items.push_back(item);  // the link was made anew, and this one comes again
      return true;
    }
    source.pop_front();
    to.items.push_back(item);
    return true;
  }
  return false;
}

bool SimulatedChain::bring_a_result() {
  if (results_.empty()) return false;
  const auto at = results_.begin() + static_cast<std::ptrdiff_t>(pick(results_.size()));
  chain::Result result = *at;
  results_.erase(at);
  past_results_.push_back(result);
  const Run::Fate fate = run_.result(result, std::chrono::steady_clock::time_point{});
  EXPECT_NE(fate, Run::Fate::other_run);
  if (fate == Run::Fate::accepted) {
    EXPECT_TRUE(accepted_frames_.insert({result.frame, epoch_has_our_isa_}).second) << "twice";
    ++accepted_;
  }
  return true;
}

}  // namespace edge::test
