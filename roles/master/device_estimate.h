// How long a device takes for layers: begins with its profile, and follows what it really took. One thread at
// a time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/layer.h"
#include "roles/master/robust_estimate.h"
#include "roles/scheduling/costs.h"

namespace edge {

class DeviceEstimate {
 public:
  /// `profile`: [l], seconds.
  explicit DeviceEstimate(std::vector<double> profile);

  /// It computed the layers from `first` to `end` - 1 in so many seconds; `busy` is the part of its time
  /// (0..1) that it spends computing. `now`: frames that the chain has finished.
  ///
  /// A device with little to do is faster than its profile (it stays cool, has not used up its share of a
  /// CPU), but would not stay so with all layers: an idle device is not believed to be faster than profiled,
  /// and what it showed when it was busier is believed rather.
  ///
  /// What each range of layers took is remembered: coming back to it is not judged by what others take. If a
  /// range takes longer or shorter than it took before, it is the device that has changed, and all that is
  /// remembered of it changes alike; the less so, the smaller the range is, which may have had a busy moment
  /// only. What was not seen again for long fades.
  ///
  /// `shares`: the part of each layer's positions that the frame could change; empty: all was computed. A
  /// frame that took a small part tells how well parts are computed, not how fast the device is.
  void add_computation(LayerIndex first, LayerIndex end, double seconds, double busy,
                       std::span<const double> shares, double now);

  /// What the device said.
  const std::vector<double>& given() const { return given_; }
  /// The same as far as that is believed: layers that take nothing by it, but long three times in a row, get
  /// a share of that each.
  const std::vector<double>& profile() const { return profile_; }
  /// [l]: the profile, corrected by how long the device really took lately.
  std::vector<double> layer_cost(double now) const;
  /// What is remembered of ranges of layers that it ran.
  std::vector<scheduling::KnownRange> known_ranges(double now) const;
  /// What computing a part of a layer takes, relative to scheduling::PartCost; nothing: it was not seen.
  std::optional<double> part_factor(double now) const;
  /// Expected / profiled seconds.
  double slowdown(double now) const;
  /// Whether layers that make half of its profile or more were run, and so measured.
  bool was_measured() const;

 private:
  struct Range {
    LayerIndex first = 0, end = 0;
    RobustEstimate slowdown = {};  ///< measured / profiled seconds, as long as the device does not change
    /// Of frames that took a small part: measured seconds / expected ones by scheduling::PartCost.
    RobustEstimate part = {};
    double busy = 1, part_busy = 1;  ///< the device, at the last measurement of each
    double seen = 0;                 ///< when
  };
  /// Of layers that took long, lately and in a row, but nothing by the profile.
  struct Doubts {
    LayerIndex first = 0, end = 0;
    std::vector<double> took_s = {};
  };
  void doubt_profile(LayerIndex first, LayerIndex end, double seconds);
  double profiled(LayerIndex first, LayerIndex end) const;
  Range& range(LayerIndex first, LayerIndex end, double now);
  void settle_change(Range& range, double before);
  void learn_layers(const Range& range, double now);
  double change(double now) const;
  double overall(double now) const;

  std::vector<double> given_;
  std::vector<double> profile_;
  Doubts doubts_;
  double change_ = 1;             ///< of the device's speed since it was profiled: its seconds by that factor
  double change_seen_ = 0;        ///< when
  std::vector<double> slowdown_;  ///< by layer, besides, as it was measured last
  std::vector<double> busy_;      ///< by layer: how busy the device was then; 0: it was not measured
  std::vector<double> seen_;      ///< by layer: when
  std::vector<Range> ranges_;     ///< the one that was used last at the end
};

}  // namespace edge
