// Lower bounds of what a plan that is only begun still costs: three recurrences from the last worker back.
#include "roles/scheduling/remaining_cost.h"

#include <algorithm>
#include <limits>
#include <span>

namespace edge::scheduling {
namespace {

using Bounds = RemainingCost::Bounds;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Bounds impossible{infinity, infinity, infinity};

Bounds after_stage(double last, double least, const Bounds& rest) {
  return {last + rest.last, least + rest.least, std::max(least, rest.slowest)};
}

Bounds minimum(const Bounds& a, const Bounds& b) {
  return {std::min(a.last, b.last), std::min(a.least, b.least), std::min(a.slowest, b.slowest)};
}

}  // namespace

RemainingCost::RemainingCost(const PipelineModel& model) : layers_(static_cast<std::size_t>(model.layers())) {
  offset_.assign(layers_ + 1, 0);
  for (LayerIndex first = 1; first < model.layers(); ++first) {
    const auto index = static_cast<std::size_t>(first);
    offset_[index] = states_;
    states_ += static_cast<std::size_t>(model.kinds(first));
  }
  const auto workers = static_cast<std::size_t>(model.workers());
  arrived_.assign(workers * states_, impossible);
  computed_.assign(workers * (layers_ + 1), impossible);
  for (int worker = model.workers() - 1; worker >= 0; --worker) {
    Bounds* computed = &computed_[static_cast<std::size_t>(worker) * (layers_ + 1)];
    computed[layers_] = {};
    for (LayerIndex first = 2; first < model.layers() && worker + 1 < model.workers(); ++first) {
      computed[first] = sent(model, worker + 1, first, model.kind(worker + 1, first));
    }
    for (LayerIndex first = 1; first < model.layers(); ++first) bound_arrivals(model, worker, first);
  }
}

/// From before the transfer into `worker` on.
Bounds RemainingCost::sent(const PipelineModel& model, int worker, LayerIndex first, int kind) const {
  const std::span<const double> bytes = model.bytes(first, kind);
  return after_stage(model.sending(worker, first, bytes.back()),
                     model.sending(worker, first, *std::min_element(bytes.begin(), bytes.end())),
                     arrived(worker, state(first, kind)));
}

void RemainingCost::bound_arrivals(const PipelineModel& model, int worker, LayerIndex first) {
  Bounds best = impossible;
  for (LayerIndex end = first + 1; end <= model.layers(); ++end) {
    const double least = model.computing_least(worker, first, end);
    const double last = model.computing_at_least(worker, first, end, model.frames() - 1);
    if (last >= best.last && least >= best.least && least >= best.slowest) break;
    best = minimum(best, after_stage(last, least, computed(worker, end)));
  }
  for (int kind = 0; kind < model.kinds(first); ++kind) {
    Bounds bounds = best;
    if (worker + 1 < model.workers()) bounds = minimum(bounds, sent(model, worker + 1, first, kind));
    arrived_[static_cast<std::size_t>(worker) * states_ + state(first, kind)] = bounds;
  }
}

}  // namespace edge::scheduling
