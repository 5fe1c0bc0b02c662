// A plan: which layers each worker runs.
#include "roles/scheduling/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "engine/error.h"

namespace edge::scheduling {

int Plan::last_active() const {
  assert(!ends.empty());
  return static_cast<int>(std::find(ends.begin(), ends.end(), ends.back()) - ends.begin());
}

std::vector<LayerRange> ranges_of(const Plan& plan) {
  std::vector<LayerRange> ranges;
  ranges.reserve(plan.ends.size());
  for (int worker = 0; worker < plan.workers(); ++worker) {
    ranges.push_back(plan.idle(worker) ? LayerRange{}
                                       : LayerRange{std::pair{plan.begin(worker), plan.end(worker) - 1}});
  }
  return ranges;
}

std::string to_string(const Plan& plan) {
  std::string text;
  for (const LayerRange& range : ranges_of(plan)) {
    text += text.empty() ? "" : " | ";
    if (!range) {
      text += "-";
    } else if (range->first == range->second) {
      text += fmt::format("{}", range->first);
    } else {
      text += fmt::format("{}-{}", range->first, range->second);
    }
  }
  return text;
}

void check_ranges(const std::vector<LayerRange>& ranges, int workers, const std::string& what) {
  if (ranges.size() != static_cast<std::size_t>(workers)) {
    throw Error(fmt::format(
        "{}: has {} layer ranges, but there are {} workers; give each one range, [] for no layers", what,
        ranges.size(), workers));
  }
  int next = 1;
  for (std::size_t worker = 0; worker < ranges.size(); ++worker) {
    if (!ranges[worker]) {
      continue;
    }
    const auto [first, last] = *ranges[worker];
    if (first != next) {
      const char* mistake = first > next ? "skipped" : "run twice";
      throw Error(fmt::format("{}: worker {} must begin with layer {}, not {}; otherwise layers are {}", what,
                              worker, next, first, mistake));
    }
    if (last < first) {
      throw Error(
          fmt::format("{}: worker {} ends with layer {}, in front of its first, {}; for no layers write []",
                      what, worker, last, first));
    }
    next = last + 1;
  }
  if (next == 1) {
    throw Error(fmt::format("{}: no worker has any layers", what));
  }
}

Plan plan_from_ranges(const std::vector<LayerRange>& ranges, int layers, int workers,
                      const std::string& what) {
  check_ranges(ranges, workers, what);
  Plan plan;
  LayerIndex end = 1;
  for (const LayerRange& range : ranges) {
    end = range ? range->second + 1 : end;
    plan.ends.push_back(end);
  }
  if (end != layers) {
    throw Error(fmt::format("{}: worker {} ends with layer {}, but the network's last is {}", what,
                            plan.last_active(), end - 1, layers - 1));
  }
  return plan;
}

}  // namespace edge::scheduling
