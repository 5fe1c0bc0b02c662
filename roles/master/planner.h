// Plans groups of frames: keeps what is known of the chain up to date (ChainCosts), asks the scheduler, and
// has what it predicted held against what came (GroupJudge). Thread-safe: the master's network thread
// reports, its feeding thread plans.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "roles/chain/result.h"
#include "roles/config/config.h"
#include "roles/master/chain_costs.h"
#include "roles/master/frame_change.h"
#include "roles/master/group_judge.h"
#include "roles/master/robust_estimate.h"
#include "roles/master/stage_clock.h"
#include "roles/model.h"
#include "roles/report/planning_summary.h"
#include "roles/scheduling/costs.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/plan.h"
#include "roles/scheduling/route.h"
#include "roles/scheduling/scheduler.h"

namespace edge {

class Planner {
 public:
  /// Seconds; those of the master's steady clock, in which results tell points in time.
  using Clock = std::function<double()>;

  /// Throws Error: an unknown scheduler, a fixed plan that does not fit.
  Planner(const Config& config, const Model& model, Clock clock = steady_clock_s);

  /// An epoch begins: what was under way is lost, and what the links' ends held. Frames go through the
  /// workers of `route` from now on. [w]: the workers' profiles, seconds by layer, and bytes/s of the links
  /// into them, as configured or probed; of those on the route. Before the first plan().
  void begin_epoch(const scheduling::Route& route, const std::vector<std::vector<double>>& profiles,
                   const std::vector<std::optional<double>>& bandwidth);
  /// Whether frames had better go through these workers, of which some are new: whether those would get
  /// layers, and groups take less time, as far as the scheduler looks at that.
  bool is_worth(const scheduling::Route& route, const std::vector<std::vector<double>>& profiles,
                const std::vector<std::optional<double>>& bandwidth) const;
  void set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor);
  /// Measured by a probe, on the link from worker `from` (-1: the master) to worker `to`.
  void add_transfer(int from, int to, const net::Transfer& transfer);

  /// The plan of the group that begins with frame `first`, given what its frames change, as far as that is
  /// known. If nothing changes in any of these it stays the one before: there is nothing to plan.
  scheduling::Plan plan(std::uint64_t first, std::vector<FrameChange> changes);
  /// The plan by which a frame is sent that was planned before: another one if the route is another by now.
  scheduling::Plan plan_of(std::uint64_t frame, const scheduling::Plan& planned);
  /// A frame is about to be sent by a plan, for the first time or once more.
  void sent(std::uint64_t frame, const scheduling::Plan& plan);
  /// A frame's result is there, with points in time on our clock.
  void finished(const chain::Result& result);

  /// For the end of the run.
  PlanningSummary summary() const;
  /// What is known of devices and links, for a group of frames as they were lately; nothing before the first
  /// plan.
  std::optional<scheduling::Costs> final_costs() const;

 private:
  static double steady_clock_s();

  struct SentFrame {
    scheduling::Plan plan;
    FrameChange change;
    ChainCosts::Held held;
    double at = 0;
    bool busy = false;    ///< as GroupJudge::Sent
    bool steady = false;  ///< likewise
  };
  int workers() const { return static_cast<int>(config_.workers.size()); }
  scheduling::Plan widened(const scheduling::Plan& plan) const;
  scheduling::Plan make_plan(std::uint64_t first, std::vector<FrameChange> changes);
  scheduling::Costs costs(const std::vector<FrameChange>& changes) const;
  GroupJudge::Group frames_to_send(std::uint64_t first, const std::vector<FrameChange>& changes);
  double predicted_finish_s(const scheduling::Plan& plan, const StageClock::Expected& expected,
                            std::size_t frames) const;
  std::vector<SchedulerEstimate> compare_schedulers() const;

  const Config& config_;
  const Model& model_;
  const Clock now_s_;
  const std::size_t group_frames_;

  mutable std::mutex mutex_;
  // Everything below knows the workers of the route only, and numbers them from 0.
  scheduling::Route route_;
  std::unique_ptr<scheduling::Scheduler> scheduler_;
  ChainCosts costs_;
  GroupJudge judge_;
  StageClock clock_;
  std::map<std::uint64_t, SentFrame> sent_;
  std::vector<std::size_t> group_rows_;       ///< by frame of the current group: its row in what follows
  std::vector<FrameChange> group_changes_;    ///< of the current group's frames that are sent
  scheduling::StageTable group_stage_costs_;  ///< likewise, predicted
  scheduling::Plan plan_;
  std::uint64_t group_first_ = 0;
  std::uint64_t planned_from_ = 0;              ///< the first frame that was planned on this route
  std::optional<scheduling::Plan> plan_again_;  ///< of the frames in front of it
  std::uint64_t plan_changes_ = 0;
  RobustEstimate begin_s_;  ///< from the beginning of planning until the group's first frame is sent
  RobustEstimate turn_s_;   ///< from a result that makes room until the next frame of the group is sent
  std::optional<double> planned_at_;  ///< until the group's first frame is sent
  std::optional<double> room_since_;  ///< until the next frame is sent
  double planning_s_ = 0;
  double slowest_planning_s_ = 0;
  std::uint64_t plans_ = 0;
};

}  // namespace edge
