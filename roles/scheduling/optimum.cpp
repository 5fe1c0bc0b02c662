// The best plan of all: dynamic programming over the workers, with bounds.
//
// Where a plan is begun, all that matters for the rest is the cut, which bytes cross it, and when each frame
// of the group gets there. Stages only take maxima and add, so a way in which no frame is earlier than in
// another can be dropped (Front). What is left is cut down further by a lower bound of the rest
// (RemainingCost) against the best whole plan so far. Fronts are narrow at first; only if that dropped
// anything, they are widened.
#include "roles/scheduling/optimum.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <utility>

#include "roles/scheduling/front.h"
#include "roles/scheduling/remaining_cost.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

constexpr std::size_t first_width = 1;
constexpr std::size_t widening = 64;

class Search {
 public:
  Search(const PipelineModel& model, const SearchLimits& limits);
  Optimum run();

 private:
  /// A begun plan: the previous worker's, and where this one's layers end.
  struct Node {
    std::uint32_t previous;
    LayerIndex end;
  };
  static constexpr std::uint32_t no_node = 0;

  void consider(const Plan& plan);
  void pass_all_workers();
  void extend(int worker, LayerIndex first, int kind);
  void relay(int worker, LayerIndex first, int kind, std::uint32_t node);
  void compute(int worker, LayerIndex first, std::uint32_t node);
  void arrive(int worker, LayerIndex first, int kind, std::uint32_t previous);
  void complete(int worker, std::uint32_t previous);
  /// Passes `in` through a stage of cost[f], or of one cost for all, into `out`.
  template <typename Cost>
  void stage(int number, std::span<const double> in, std::vector<double>& out, Cost cost);
  double bound(const std::vector<double>& times, const RemainingCost::Bounds& rest) const;
  bool hopeless(double lower_bound) const { return lower_bound >= threshold_; }

  const PipelineModel& model_;
  const SearchLimits& limits_;
  const RemainingCost remaining_;
  const std::size_t frames_;
  std::vector<double> ready_behind_;  ///< [w]: the latest ready time of the stages behind worker w
  double earliest_finish_ = 0;        ///< no plan can be better: some stage is not ready before

  Plan best_;
  double best_finish_ = std::numeric_limits<double>::infinity();
  double best_result_ = std::numeric_limits<double>::infinity();
  double threshold_ = std::numeric_limits<double>::infinity();

  std::size_t width_ = first_width;
  std::size_t steps_ = 0;
  bool truncated_ = false;
  std::vector<Front> here_, next_;  ///< by RemainingCost::state
  std::vector<Node> nodes_;
  std::vector<double> arrival_, idle_, computed_, sent_;
};

Search::Search(const PipelineModel& model, const SearchLimits& limits)
    : model_(model), limits_(limits), remaining_(model), frames_(model.frames()) {
  ready_behind_.assign(static_cast<std::size_t>(model.workers()), 0.0);
  for (int worker = model.workers() - 1; worker >= 0; --worker) {
    const double own = std::max(model.ready(2 * worker), model.ready(2 * worker + 1));
    const auto index = static_cast<std::size_t>(worker);
    if (worker > 0) ready_behind_[index - 1] = std::max(ready_behind_[index], own);
    earliest_finish_ = std::max(earliest_finish_, own);
  }
  here_.resize(remaining_.states());
  next_.resize(remaining_.states());
  for (std::vector<double>* times : {&arrival_, &idle_, &computed_, &sent_}) times->resize(frames_);
}

Optimum Search::run() {
  for (int worker = 0; worker < model_.workers(); ++worker) {
    Plan single;
    single.ends.assign(static_cast<std::size_t>(model_.workers()), model_.layers());
    std::fill_n(single.ends.begin(), worker, 1);
    consider(single);
  }
  consider(balanced_plan(model_.costs()));
  for (;;) {
    truncated_ = false;
    pass_all_workers();
    if (!truncated_ || steps_ > limits_.max_steps) break;
    width_ *= widening;
  }
  return {.plan = best_, .finish_s = model_.finish(best_), .exact = !truncated_, .steps = steps_};
}

void Search::consider(const Plan& plan) {
  const StageTable finish = pipeline_finish(model_.stage_costs(plan), model_.costs().stage_ready);
  const double result = finish.back()[2 * static_cast<std::size_t>(plan.last_active()) + 1];
  const double all = finish.back().back();
  if (std::pair(all, result) >= std::pair(best_finish_, best_result_)) return;
  best_ = plan;
  best_finish_ = all;
  best_result_ = result;
  // What cannot be finished earlier may still have its result earlier.
  threshold_ = all > earliest_finish_ ? all : result;
}

void Search::pass_all_workers() {
  nodes_.assign(1, {no_node, 1});
  for (Front& front : here_) front.clear();
  std::fill(computed_.begin(), computed_.end(), 0.0);
  arrive(0, 1, model_.kind(0, 1), no_node);
  for (int worker = 0; worker < model_.workers(); ++worker) {
    std::swap(here_, next_);
    for (Front& front : next_) front.clear();
    for (LayerIndex first = 1; first < model_.layers(); ++first) {
      for (int kind = 0; kind < model_.kinds(first); ++kind) extend(worker, first, kind);
    }
  }
}

/// Every way to go on from a cut that arrived at `worker`.
void Search::extend(int worker, LayerIndex first, int kind) {
  const Front& front = here_[remaining_.state(first, kind)];
  for (std::size_t i = 0; i < front.size(); ++i) {
    if (hopeless(front.bound(i))) continue;  // a better plan was found since
    const std::span<const double> times = front.times(i, frames_);
    std::copy(times.begin(), times.end(), arrival_.begin());
    if (worker + 1 < model_.workers()) relay(worker, first, kind, front.node(i));
    compute(worker, first, front.node(i));
  }
}

void Search::relay(int worker, LayerIndex first, int kind, std::uint32_t node) {
  stage(2 * worker + 1, arrival_, idle_, [](std::size_t) { return 0.0; });
  computed_ = idle_;
  const auto previous = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({node, first});
  arrive(worker + 1, first, kind, previous);
}

void Search::compute(int worker, LayerIndex first, std::uint32_t node) {
  const bool is_last = worker + 1 == model_.workers();
  const auto later = static_cast<double>(frames_ - 1);
  for (LayerIndex end = is_last ? model_.layers() : first + 1; end <= model_.layers(); ++end) {
    const double last = model_.computing_at_least(worker, first, end, frames_ - 1);
    if (hopeless(arrival_.back() + last)) return;  // more layers take longer still
    const double least = model_.computing_least(worker, first, end);
    const RemainingCost::Bounds& rest = remaining_.computed(worker, end);
    if (hopeless(arrival_.back() + last + rest.last) ||
        hopeless(arrival_.front() + least + rest.least + later * std::max(least, rest.slowest))) {
      continue;
    }
    stage(2 * worker + 1, arrival_, computed_,
          [&](std::size_t frame) { return model_.computing(worker, first, end, frame); });
    const auto previous = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({node, end});
    if (end == model_.layers()) {
      complete(worker, previous);
    } else {
      arrive(worker + 1, end, model_.kind(worker + 1, end), previous);
    }
  }
}

/// `computed_` are the times at the end of the preceding worker. `previous` is its node, the newest.
void Search::arrive(int worker, LayerIndex first, int kind, std::uint32_t previous) {
  const std::span<const double> bytes = model_.bytes(first, kind);
  stage(2 * worker, computed_, sent_,
        [&](std::size_t frame) { return model_.sending(worker, first, bytes[frame]); });
  // The computation cannot start before, so that ways which differ only in this are equal.
  sent_.front() = std::max(sent_.front(), model_.ready(2 * worker + 1));
  for (std::size_t frame = 1; frame < frames_; ++frame) {
    sent_[frame] = std::max(sent_[frame], sent_[frame - 1]);
  }
  const std::size_t state = remaining_.state(first, kind);
  const double lower_bound = bound(sent_, remaining_.arrived(worker, state));
  Front& front = next_[state];
  steps_ += (1 + front.size() / 4) * (1 + frames_ / 4);
  if (hopeless(lower_bound) || !front.insert(sent_, previous, lower_bound)) {
    if (previous != no_node) nodes_.pop_back();
    return;
  }
  if (front.size() > (steps_ > limits_.max_steps ? first_width : width_)) {
    front.drop_worst(frames_);
    truncated_ = true;
  }
}

void Search::complete(int worker, std::uint32_t previous) {
  const double result = computed_.back();
  const double all = std::max(result, ready_behind_[static_cast<std::size_t>(worker)]);
  if (std::pair(all, result) < std::pair(best_finish_, best_result_)) {
    Plan plan;
    plan.ends.assign(static_cast<std::size_t>(model_.workers()), model_.layers());
    for (std::uint32_t node = previous; node != no_node; node = nodes_[node].previous, --worker) {
      plan.ends[static_cast<std::size_t>(worker)] = nodes_[node].end;
    }
    consider(plan);
  }
  nodes_.pop_back();
}

template <typename Cost>
void Search::stage(int number, std::span<const double> in, std::vector<double>& out, Cost cost) {
  double free = model_.ready(number);
  for (std::size_t frame = 0; frame < frames_; ++frame) {
    free = std::max(free, in[frame]) + cost(frame);
    out[frame] = free;
  }
}

double Search::bound(const std::vector<double>& times, const RemainingCost::Bounds& rest) const {
  double latest = times.back() + rest.last;
  for (std::size_t frame = 0; frame < frames_; ++frame) {
    latest =
        std::max(latest, times[frame] + rest.least + static_cast<double>(frames_ - 1 - frame) * rest.slowest);
  }
  return latest;
}

}  // namespace

Optimum find_optimum(const PipelineModel& model, const SearchLimits& limits) {
  return Search(model, limits).run();
}

}  // namespace edge::scheduling
