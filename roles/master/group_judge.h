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
  /// A group was planned. Frames that nothing changes in are none of it: they have their results at once.
  struct Group {
    std::uint64_t first_frame = 0, last_frame = 0;  ///< of those that are sent
    std::size_t frames = 0;                         ///< that are sent
    double planned_at = 0;
    double predicted_s = 0;  ///< until the last frame's result
  };
  void planned(const Group& group);

  /// A frame on its way.
  struct Sent {
    const scheduling::Plan& plan;
    const FrameChange& change;
    double at = 0;
    bool busy = false;    ///< the chain had something to do
    bool steady = false;  ///< the chain was neither empty, nor are its caches: its time tells of the plan
  };
  void finished(std::uint64_t frame, const Sent& sent, double now);

  /// What is known of the costs has changed: what the plan in use took stays what it took.
  void costs_changed();
  /// The plans that were in use, as of a group.
  std::vector<scheduling::TriedPlan> tried(std::uint64_t group) const;
  /// |predicted - measured| / measured seconds; nothing: none was judged.
  std::optional<double> median_error() const;
  /// PlanningSummary::chain_frame_s
  std::optional<double> chain_frame_s() const;

 private:
  /// What a group's frames took from one result to the next.
  struct GroupTime {
    std::size_t frames = 0;
    std::vector<FrameChange> changes = {};  ///< of its frames that have come
    scheduling::Plan plan = {};             ///< of these
    double seconds = 0;
    bool steady = true;  ///< all of them
  };
  struct Tried {
    scheduling::Plan plan;
    RobustEstimate factor;  ///< measured / modelled seconds
    std::uint64_t group = 0;
    std::vector<FrameChange> changes;  ///< of the frames of that group
    double modelled_s = 0;             ///< of these frames, by the model that `factor` refers to
  };
  double modelled_s(const scheduling::Plan& plan, const std::vector<FrameChange>& changes) const;
  void follow_model(Tried& tried) const;
  void judge_prediction(std::uint64_t frame, double now);
  void judge_plan(std::uint64_t frame, const Sent& sent, double now);
  void add_to_tried(const GroupTime& time, std::uint64_t group);

  const Config& config_;
  const ChainCosts& costs_;
  const std::size_t group_frames_;
  std::deque<Group> groups_;  ///< whose results are awaited
  /// By first frame: of groups that are under way, and the one in front of them.
  std::map<std::uint64_t, GroupTime> group_times_;
  std::vector<Tried> tried_;              ///< the one that was used last at the end
  std::optional<double> last_result_at_;  ///< of this epoch
  std::vector<double> prediction_errors_;
  std::deque<double> frame_times_;  ///< of the last frames, while the chain was busy
};

}  // namespace edge
