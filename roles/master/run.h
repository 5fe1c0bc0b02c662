// All that a run knows: who is there, which frames are under way, what is to be done next. A state machine:
// events come in, actions go out. It has no sockets, no threads, no locks and no clock; Master feeds it and
// does what it says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "roles/master/frame_under_way.h"
#include "roles/master/membership.h"
#include "roles/scheduling/route.h"

namespace edge {

namespace action {

/// There is nothing to do for now.
struct Wait {};
/// There will be nothing to do any more.
struct Done {};

/// What was sent is lost, and what the workers hold is not known: a new epoch begins.
struct BeginEpoch {
  std::uint32_t epoch = 0;
  scheduling::Route route;                       ///< the workers that make up the chain from now on
  std::vector<Member> members;                   ///< by worker, all of them
  std::vector<std::optional<double>> bandwidth;  ///< [w]: bytes/s of the link into w; of those on the route
  std::size_t frames_again = 0;                  ///< how many SendFrame with `again` will follow
};
/// Frames come in order, each once per epoch; unchanged ones never.
struct SendFrame {
  FrameUnderWay frame;
  std::uint32_t epoch = 0;
  bool again = false;  ///< it was sent before, in an older epoch
};

/// Read the next frame of the video, and plan it if a group begins with it.
struct ReadFrame {
  std::uint64_t frame = 0;  ///< its number
};

/// Write the result out. Frames come in order, each once.
struct Deliver {
  FrameUnderWay frame;
};

}  // namespace action

/// Frames are read, sent and delivered by three doers that may each be slow. Each asks for its next action,
/// does it, and reports. An action is handed out once.
class Run {
 public:
  /// A worker that sends nonsense so often, with no result accepted meanwhile, ends the run.
  static constexpr int most_offences = 3;

  struct Options {
    std::uint64_t instance = 0;  ///< of the master's process: results of other ones are not ours
    std::string isa = {};        ///< the master's
    std::size_t pending = 1;     ///< so many frames may be under way
    /// Bytes/s of the link into each worker, where configured; the others are to be measured first.
    std::vector<std::optional<double>> bandwidth = {};
    std::size_t wait_for = 0;  ///< so many workers must be there to begin; 0: all
    bool waits_for_trainer = false;
  };
  explicit Run(Options options);

  // Events: the chain.
  void worker_up(int worker, std::string isa);
  /// Frames under way may be lost with it.
  void worker_lost(int worker);
  /// It sent what makes no sense; worker_lost() follows. True if the run should not try any longer.
  bool worker_offended(int worker);
  void profiled(int worker, std::vector<double> layer_cost);
  // As Membership's. A link of the route that cannot be made any more breaks the chain.
  void link_state(int from, int to, bool connected);
  void link_measured(int from, int to, double bytes_per_s) {
    membership_.link_measured(from, to, bytes_per_s);
  }
  void keep_out(int worker, bool kept_out) { membership_.keep_out(worker, kept_out); }
  void trainer_ready() { waits_for_trainer_ = false; }

  enum class Fate : std::uint8_t {
    accepted,
    other_run,    ///< of another master's process, or of one that ran here before
    other_epoch,  ///< the frame was sent again since
    not_under_way,
    repeated
  };
  Fate result(chain::Result result, std::chrono::steady_clock::time_point now);

  // Events: those who do what the actions say.
  void dispatched();  ///< BeginEpoch or SendFrame is done
  /// A frame that is sent, by another plan than it was read with.
  void planned_again(std::uint64_t frame, const scheduling::Plan& plan);
  void frame_read(FrameUnderWay frame);
  /// Instead of frame_read(): the chain shall be made of other workers first (available()). Frames under way
  /// come to their end, then an epoch begins.
  void change_route();
  void input_ended();  ///< instead of frame_read(): there are no more, or none can be read
  /// Nothing more is sent or read; results that are there are delivered.
  void stop() { stopped_ = true; }

  // Actions.
  std::variant<action::Wait, action::Done, action::BeginEpoch, action::SendFrame> next_to_dispatch();
  std::variant<action::Wait, action::Done, action::ReadFrame> next_to_read();
  std::variant<action::Wait, action::Done, action::Deliver> next_to_deliver();

  /// Why nothing is sent at present; empty while the chain works.
  std::vector<Missing> missing() const;
  /// What change_route() would begin, while the chain works: a route with workers that have come since, if
  /// there is one.
  std::optional<action::BeginEpoch> available() const;
  /// Membership::wanted_links()
  std::vector<std::set<int>> wanted_links() const { return membership_.wanted_links(route_); }
  /// All others are let go: no epoch begins on one of them before it is there again.
  void let_other_links_go() { membership_.keep_only(wanted_links()); }
  bool is_unreachable(int from, int to) const { return membership_.unreachable(from, to); }
  bool has_begun() const { return epoch_ > 0; }
  /// What was sent in this epoch is lost; another one begins as soon as it can.
  bool is_broken() const { return broken_; }
  bool somebody_there() const;
  /// Whether frames go on if this worker cannot.
  bool goes_on_without(int worker) const;
  std::uint32_t epoch() const { return epoch_; }
  /// The workers of the epoch.
  const scheduling::Route& route() const { return route_; }
  int workers() const { return membership_.workers(); }

 private:
  struct Frame {
    FrameUnderWay content;
    std::uint32_t sent_in = 0;  ///< the epoch; 0: not yet sent
  };
  bool on_route(int worker) const;
  action::BeginEpoch epoch_with(const scheduling::Route& route) const;
  std::size_t needed() const { return epoch_ == 0 ? wait_for_ : 1; }
  /// Whether the frame still has to go through the chain.
  static bool is_open(const Frame& frame) { return !frame.content.result && !frame.content.unchanged; }
  bool chain_works() const { return epoch_ > 0 && !broken_; }
  bool all_finished() const { return unfinished() == 0; }
  std::size_t unfinished() const;
  void take_over_result(FrameUnderWay& frame) const;

  const std::uint64_t instance_;
  const std::string isa_;
  const std::size_t pending_;

  const std::size_t wait_for_;

  Membership membership_;
  std::vector<int> offences_;  ///< by worker, since the last accepted result
  bool waits_for_trainer_ = false;

  std::uint32_t epoch_ = 0;   ///< 0: none has begun
  scheduling::Route route_;   ///< of the epoch
  bool broken_ = false;       ///< a worker of the route was lost since the epoch began
  bool changing_ = false;     ///< another epoch begins when no frame is under way
  bool same_isa_ = false;     ///< of all workers that took part in the epoch
  bool dispatching_ = false;  ///< an action of next_to_dispatch() is not yet done
  std::deque<Frame> frames_;  ///< from the oldest that was not yet handed out for delivery
  /// Of the frame that was handed out last, with its times; for unchanged ones behind it.
  std::optional<FrameUnderWay> delivered_;
  std::uint64_t next_read_ = 0;  ///< number of the next frame of the video
  bool reading_ = false;         ///< a ReadFrame was handed out
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace edge
