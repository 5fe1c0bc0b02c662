// Holds what was predicted of groups and plans against what came: how far off predicted finishes were, and
// what groups by each plan took, relative to what the model says of them. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "roles/config/config.h"
#include "roles/master/chain_costs.h"
#include "roles/master/frame_change.h"
#include "roles/master/robust_estimate.h"
#include "roles/scheduling/costs.h"
#include "roles/scheduling/plan.h"

namespace edge {

class GroupJudge {
 public:
  /// Both must outlive this.
  GroupJudge(const Config& config, const ChainCosts& costs);

  /// What was under way is lost; of other workers than before (`other_route`), plans that were in use are
  /// too.
  void begin_epoch(bool other_route);
  /// A group was planned: how long until its last frame's result, by what is predicted.
  void planned(std::uint64_t last_frame, double now, double predicted_s);

  /// A frame on its way.
  struct Sent {
    const scheduling::Plan& plan;
    const FrameChange& change;
    double at = 0;
    bool busy = false;    ///< the chain had something to do
    bool steady = false;  ///< the chain was neither empty, nor are its caches: its time tells of the plan
  };
  void finished(std::uint64_t frame, const Sent& sent, double now);

  /// The plans that were in use, as of a group.
  std::vector<scheduling::TriedPlan> tried(std::uint64_t group) const;
  /// |predicted - measured| / measured seconds; nothing: none was judged.
  std::optional<double> median_error() const;
  /// PlanningSummary::chain_frame_s
  std::optional<double> chain_frame_s() const;

 private:
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
  void judge_prediction(std::uint64_t frame, double now);
  void judge_plan(std::uint64_t frame, const Sent& sent, double now);
  void add_to_tried(const scheduling::Plan& plan, double factor, std::uint64_t group);

  const Config& config_;
  const ChainCosts& costs_;
  const std::size_t group_frames_;
  std::deque<Group> groups_;                        ///< whose results are awaited
  std::map<std::uint64_t, GroupTime> group_times_;  ///< by number, of groups that are under way
  std::vector<Tried> tried_;                        ///< the one that was used last at the end
  std::optional<double> last_result_at_;            ///< of this epoch
  std::vector<double> prediction_errors_;
  std::deque<double> frame_times_;  ///< of the last frames, while the chain was busy
};

}  // namespace edge
