// A chain of devices, simulated in time around the master's planner: devices and links have costs that the
// planner can only learn from stage reports, which are noisy and biased as those of real ones are. The same
// seed gives the same noise to every scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "roles/config/config.h"
#include "roles/master/planner.h"
#include "roles/model.h"

namespace edge::test {

/// What the video does, and what the chain is made of.
struct PlannedCase {
  std::string network = "alexnet";
  double network_s = 0.1;  ///< of all layers on a device of speed 1
  std::vector<double> speeds{1, 1};
  std::vector<double> bytes_per_s{3e6, 3e6};
  std::size_t pending = 3;
  std::uint64_t frames = 200;
  std::uint64_t seed = 1;
  /// The part of the input that changes in a frame, 0..1; 0: it is neither sent nor computed.
  std::function<double(std::uint64_t frame)> rate = [](std::uint64_t) { return 0.3; };
  /// Factors of a device's speed and a link's, by frame; null: 1.
  std::function<double(std::uint64_t frame, std::size_t worker)> speed_change = nullptr;
  std::function<double(std::uint64_t frame, std::size_t link)> link_change = nullptr;
  /// Workers keep outputs and compute what changes: a square of `rate` of the picture.
  bool keep = false;
  double noise = 0.06;         ///< of a computation or a transfer, relative
  double profile_error = 0.1;  ///< of a layer's profiled seconds, relative
  double bytes_error = 0.15;   ///< of a layer's predicted bytes, relative
};

struct PlannedRun {
  std::vector<double> finished;         ///< of each frame, seconds from the start
  std::vector<scheduling::Plan> plans;  ///< of each group
  PlanningSummary summary;
  std::optional<scheduling::Costs> costs = {};  ///< at the end

  double seconds() const { return finished.back(); }
  std::uint64_t changes() const { return summary.plan_changes; }
  /// Mean seconds of the frames in [begin, end).
  double per_frame(std::size_t begin, std::size_t end) const {
    return (finished[end - 1] - (begin > 0 ? finished[begin - 1] : 0)) / static_cast<double>(end - begin);
  }
};

/// `scheduler`: as [schedule] says it; "one_side:cloud" stands for the side as well, "fixed:1-3 | 4-13" for a
/// plan.
PlannedRun run_planned(const PlannedCase& chain, const std::string& scheduler);

/// Scenes, as change rates: 46 % of the pixels by noise, always; somebody who walks through the picture; a
/// picture in which nothing moves most of the time; noise with slow waves.
std::function<double(std::uint64_t)> scene(const std::string& name, std::uint64_t seed);

}  // namespace edge::test
