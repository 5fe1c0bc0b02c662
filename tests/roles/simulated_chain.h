// A chain, simulated, around the master's state machine: anything may happen to it, drawn from a seed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "roles/master/run.h"

namespace edge::test {

inline constexpr const char* our_isa = "neon";

/// A chain and three doers around a Run. step() does anything that may happen next; heal() brings everything
/// back; drain() lets go on what can. Broken promises are test failures.
class SimulatedChain {
 public:
  explicit SimulatedChain(std::uint64_t seed);

  void step();
  /// As long as something moves.
  void drain();
  /// Everything is there; the input gives its next frame only if `input_flows`.
  void heal(bool input_flows);
  /// The video breaks here.
  void break_input() { frames_ = std::min(frames_, read_); }
  void stop();

  void expect_all_read_frames_delivered() const;
  void expect_input_consumed() const { EXPECT_EQ(read_, frames_); }
  void expect_all_doers_done() const;
  std::uint64_t frames_sent_again() const { return again_; }
  /// Epochs of a part of the workers, and epochs that began without a loss.
  std::uint64_t shorter_routes() const { return shorter_; }
  std::uint64_t changes_of_route() const { return changes_; }

 private:
  /// A frame on its way down the chain.
  struct Item {
    std::uint64_t frame = 0;
    std::uint32_t epoch = 0;
    std::uint64_t content = 0;
    scheduling::Route route = {};     ///< that it takes
    bool computed_by_our_isa = true;  ///< so far
  };

  struct Worker {
    bool up = false;
    bool profiled = false;
    bool doomed = false;  ///< loses whatever it gets; its connection will be seen to be lost
    std::string isa = our_isa;
    std::deque<Item> items;
  };

  std::size_t pick(std::size_t below);

  std::vector<std::optional<double>> some_configured();

  // What happens to the chain.
  void lose(std::size_t index);
  void reset_links_if_broken();
  void come_up(std::size_t index);
  /// By a new process, before anybody saw that the old one had gone.
  void replace(std::size_t index);
  /// All workers of the epoch are there, as far as the run can know.
  bool complete() const { return can_be(route_); }
  /// Its workers are there, have profiles, and the links between them are there.
  bool can_be(const scheduling::Route& route) const;
  /// One of the links that the run wants is there; false if all are.
  bool make_a_link();
  /// A link that the run wants cannot be made.
  void fail_a_link();
  void trainer_ready();
  void profile(std::size_t index);
  /// Results that nobody asked for, or again.
  void meddle();

  // What goes on by itself; false if it cannot.
  bool go_on(std::size_t what);
  bool take_dispatch();
  bool do_dispatch();
  bool read();
  bool take_delivery();
  void check_delivery(const FrameUnderWay& frame);
  bool move_an_item();
  bool bring_a_result();

  std::mt19937_64 random_;
  const std::size_t pending_;
  std::uint64_t frames_;  ///< of the input
  std::vector<Worker> workers_;
  bool waits_for_trainer_;
  std::size_t wait_for_;  ///< 0: all
  Run run_;
  std::set<std::pair<int, int>> links_;  ///< that are there
  scheduling::Route route_;              ///< of the epoch

  std::deque<Item> link_;  ///< from the master to worker 0
  bool link_reset_ = false;
  std::vector<chain::Result> results_;       ///< on their way back
  std::vector<chain::Result> past_results_;  ///< that may come once more
  bool input_stalls_ = false;
  bool output_stalls_ = false;
  bool healing_ = false;
  bool epoch_has_our_isa_ = false;  ///< only, so far

  std::optional<Item> dispatching_;  ///< epoch 0: BeginEpoch
  bool reading_ = false;
  bool dispatcher_done_ = false, reader_done_ = false, output_done_ = false;
  std::optional<FrameUnderWay> delivering_;

  std::uint32_t epoch_ = 0;
  std::set<std::uint64_t> sent_;  ///< in this epoch
  std::set<std::uint64_t> ever_sent_;
  std::set<std::uint64_t> unchanged_;              ///< frames that were read
  std::map<std::uint64_t, bool> accepted_frames_;  ///< whether from our instruction set only
  std::uint64_t again_ = 0;
  std::uint64_t shorter_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t delivered_ = 0;
  int rounds_ = 0;
};

}  // namespace edge::test
