// What schedulers know about the network, the devices and the links. Plain values, safe from any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// How the frames of a group behind its first one cross a link.
enum class LaterFrames : std::uint8_t {
  delta,  ///< as differences: the group's first frame has filled the caches. What `edge` sends
  whole   ///< whole, except for the input: how the original system counted
};

/// What a worker that ran just these layers took, relative to the sum of their costs: layers that run
/// together are fused, and share the device with the codec.
struct KnownRange {
  LayerIndex first = 0, end = 0;
  double factor = 1;
  double part_factor = 1;  ///< of frames of which it computed less than `large_part`
};

/// Frames that take that part of a worker's seconds or more are much like those that are computed in full.
inline constexpr double large_part = 0.7;

/// Seconds besides bytes / bandwidth: latency, or less than 0 where the first bytes pass at once. That is
/// less and less so from `from_bytes` on and no longer so at `until_bytes`, where the bandwidth was measured.
struct LinkOffset {
  double seconds = 0;
  double from_bytes = 0;
  double until_bytes = 1e6;

  double at(double bytes) const {
    if (seconds >= 0 || bytes <= from_bytes) return seconds;
    return bytes >= until_bytes ? 0 : seconds * (until_bytes - bytes) / (until_bytes - from_bytes);
  }
};

/// Where workers keep outputs, and compute only what may have changed: of a layer's seconds, what it takes to
/// compute a share of the positions of its output. What is to be done for any share, and for all of it; at
/// most all. A mean over networks.
struct PartCost {
  double fixed = 0.03;
  double variable = 1.3;

  double of(double share) const { return share > 0 ? std::min(1.0, fixed + variable * share) : 0.0; }
};

/// A plan that was in use: what its groups took, relative to what the model says of them (> 0).
struct TriedPlan {
  Plan plan;
  double factor = 1;
  double groups_ago = 0;  ///< since it was last measured
};

/// Costs of one group of frames. Indices: l = layer (0 is the input), w = worker, f = frame of the group.
/// The first two are always there. Without `bandwidth` nothing is known about links: transfers count as free,
/// and the group has as many frames as `delta_bytes` has rows, at least one.
struct Costs {
  std::vector<double> layer_cost;  ///< seconds of layer l on worker 0; layer_cost[0] is not looked at
  std::vector<double> capacity;    ///< speed of worker w relative to worker 0 (> 0)
  /// [w][l]: seconds of layer l on worker w, if each was measured: devices differ by kinds of layers, too.
  /// Empty: layer_cost / capacity.
  std::vector<std::vector<double>> worker_layer_cost{};
  std::vector<double>
      bandwidth{};  ///< bytes per second of the link into w (> 0); link 0 comes from the master
  std::vector<std::vector<double>> raw_bytes{};    ///< [f][l]: layer l's output sent whole
  std::vector<std::vector<double>> delta_bytes{};  ///< [f][l]: the same sent as a difference
  /// [i][l]: as delta_bytes, but frames as they are usual for the scene, each as likely as the others: what
  /// looking ahead assumes of later groups, since one group may be still or wild. Empty: later groups are
  /// like this one.
  std::vector<std::vector<double>> usual_delta_bytes{};
  /// [f][l]: the part of the positions of layer l's output that frame f changes (0..1), where workers compute
  /// only these. Empty: they compute all.
  std::vector<std::vector<double>> dirty_share{};
  /// [w]: what computing a part takes of all. Empty: as usual.
  std::vector<PartCost> part_cost{};
  /// [i][l]: the same of the frames of `usual_delta_bytes`.
  std::vector<std::vector<double>> usual_dirty_share{};
  /// [w]: the layers whose outputs w keeps, first and one past the last: by other layers, the group's first
  /// frame is computed in full. Only if there are dirty shares. Empty: nothing is kept.
  std::vector<std::pair<LayerIndex, LayerIndex>> kept{};
  bool keeps_all = false;  ///< whatever layers a worker gets, it has kept their outputs
  /// [w]: what a transfer over the link into w takes besides bytes / bandwidth. Empty: nothing.
  std::vector<LinkOffset> link_offset{};
  /// [w][l]: seconds of encoding and decoding layer l's output for the link into w. Empty: none.
  std::vector<std::vector<double>> coding_s{};
  /// [w]: what is known better than from the layers' sums. Only forecasts look at it, not the search.
  std::vector<std::vector<KnownRange>> known_ranges{};
  std::vector<TriedPlan> tried{};  ///< only looking ahead minds it
  double return_s = 0;             ///< from the end of the last stage until the result is with the master
  /// [w]: layers whose outputs w's input holds of the last frame. Empty: nothing is held anywhere.
  std::vector<std::vector<LayerIndex>> cached{};
  /// [s]: when stage s is free for the group's first frame, in seconds from now. Stage 2w is the transfer
  /// into w, stage 2w + 1 the computation on w. Empty: all at once.
  std::vector<double> stage_ready{};
  /// [first]: the layers whose outputs cross a cut in front of layer `first` (Graph::boundary); boundary[0]
  /// is not used. Empty: a chain, where that is layer first - 1.
  std::vector<std::vector<LayerIndex>> boundary{};
  LaterFrames later_frames = LaterFrames::delta;

  int workers() const { return static_cast<int>(capacity.size()); }
  LayerIndex layers() const { return static_cast<LayerIndex>(layer_cost.size()); }
  std::size_t frames() const { return delta_bytes.empty() ? 1 : delta_bytes.size(); }
};

/// Which layers' outputs are needed behind a cut in front of layer `first`.
std::vector<LayerIndex> boundary_of(const Costs& costs, LayerIndex first);

/// boundary[first] for all cuts of a network in which layer l reads inputs[l] (earlier layers).
std::vector<std::vector<LayerIndex>> boundaries_of(const std::vector<std::vector<LayerIndex>>& inputs);

/// Costs::kept after frames went by `plan`.
std::vector<std::pair<LayerIndex, LayerIndex>> kept_after(const Costs& costs, const Plan& plan);

/// Costs::cached after frames went by `plan`: what crossed the links; workers behind the last active one keep
/// what `costs` says.
std::vector<std::vector<LayerIndex>> cached_after(const Costs& costs, const Plan& plan);

}  // namespace edge::scheduling
