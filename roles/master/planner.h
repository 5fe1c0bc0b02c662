// Plans groups of frames: keeps what is known of devices, links and the scene up to date, asks the scheduler,
// and holds what it predicted against what came. Thread-safe: the master's network thread reports, its
// feeding thread plans.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "roles/chain/result.h"
#include "roles/config/config.h"
#include "roles/master/cost_estimator.h"
#include "roles/master/frame_change.h"
#include "roles/master/stage_clock.h"
#include "roles/master/transfer_forecast.h"
#include "roles/model.h"
#include "roles/report/planning_summary.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/scheduler.h"

namespace edge {

class Planner {
 public:
  /// Seconds; those of the master's steady clock, in which results tell points in time.
  using Clock = std::function<double()>;

  /// Throws Error: an unknown scheduler, a fixed plan that does not fit.
  Planner(const Config& config, const Model& model, Clock clock = steady_clock_s);

  /// An epoch begins: what was under way is lost, and what the links' ends held. The workers' profiles,
  /// [w][l] seconds, and, for the first time, the links' bandwidths where configured or probed. Before the
  /// first plan().
  void begin_epoch(std::vector<std::vector<double>> profiles, std::vector<std::optional<double>> bandwidth);
  void set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor);
  /// Measured by a probe, on the link into `worker`.
  void add_transfer(int worker, const net::Transfer& transfer);

  /// The plan of the group that begins with frame `first`, given what its frames change, as far as that is
  /// known.
  scheduling::Plan plan(std::uint64_t first, std::vector<FrameChange> changes);
  /// A frame is about to be sent by a plan, for the first time or once more.
  void sent(std::uint64_t frame, const scheduling::Plan& plan);
  /// A frame's result is there, with points in time on our clock.
  void finished(const chain::Result& result);

  /// For the end of the run.
  PlanningSummary summary() const;
  /// What is known of devices, links and the last group's bytes; nothing before the first plan.
  std::optional<scheduling::Costs> final_costs() const;

 private:
  static double steady_clock_s();

  struct SentFrame {
    scheduling::Plan plan;
    FrameChange change;
    std::vector<bool> kept;   ///< [w]: it keeps the outputs of the same layers from the frame before
    std::vector<bool> whole;  ///< [w]: the tensors into w have no base there
    double at = 0;
    bool busy = false;  ///< the chain had something to do
    bool steady =
        false;  ///< the chain was neither empty, nor are its caches: how long it takes tells of the plan
  };
  struct Group {
    std::uint64_t last_frame = 0;
    double planned_at = 0;
    double predicted_s = 0;  ///< until the last frame's result
  };
  /// What a group's frames took from one result to the next.
  struct GroupTime {
    scheduling::Plan plan;
    std::vector<FrameChange> changes;  ///< of its frames so far
    double seconds = 0;
    bool steady = true;  ///< all of them
  };
  struct Tried {
    scheduling::Plan plan;
    RobustEstimate factor;  ///< measured / modelled seconds
    std::uint64_t group = 0;
  };
  void add_usual(scheduling::Costs& costs) const;
  std::vector<double> computed_part(const FrameChange& change) const;
  scheduling::Costs costs(const std::vector<FrameChange>& changes) const;
  void learn_from(const SentFrame& frame, const chain::StageReport& report, double encode_s);
  void judge_prediction(std::uint64_t frame, double now);
  void judge_plan(std::uint64_t frame, const SentFrame& sent, double now);
  std::vector<SchedulerEstimate> compare_schedulers() const;

  const Config& config_;
  const Model& model_;
  const Clock now_s_;
  const std::vector<std::vector<LayerIndex>> boundary_;
  const std::size_t group_frames_;

  mutable std::mutex mutex_;
  std::unique_ptr<scheduling::Scheduler> scheduler_;
  std::optional<CostEstimator> estimator_;
  TransferForecast forecast_;
  StageClock clock_;
  std::vector<std::vector<LayerIndex>>
      cached_;  ///< what each worker's input holds once all that was sent came
  /// Which layers' outputs each worker keeps once all that was sent came.
  std::vector<std::pair<LayerIndex, LayerIndex>> kept_;
  bool workers_keep_ = false;            ///< shares of what is dirty are known
  std::vector<double> last_compute_at_;  ///< by worker, its clock
  std::map<std::uint64_t, SentFrame> sent_;
  std::deque<FrameChange> recent_;                      ///< of the last frames
  std::vector<FrameChange> group_changes_;              ///< of the current group's frames
  std::vector<std::vector<double>> group_stage_costs_;  ///< likewise, predicted
  std::map<std::uint64_t, GroupTime> group_times_;      ///< by number, of groups that are under way
  std::vector<Tried> tried_;                            ///< the one that was used last at the end
  std::optional<double> last_result_at_;                ///< of this epoch
  scheduling::Plan plan_;
  std::uint64_t group_first_ = 0;
  std::uint64_t plan_changes_ = 0;
  std::deque<Group> groups_;  ///< whose results are awaited
  std::vector<double> prediction_errors_;
  RobustEstimate return_s_;         ///< from the end of the last computation until the result is here
  std::deque<double> frame_times_;  ///< of the last frames, while the chain was busy
  double planning_s_ = 0;
  double slowest_planning_s_ = 0;
  std::uint64_t plans_ = 0;
};

}  // namespace edge
