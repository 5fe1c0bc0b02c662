// What devices and links cost at present: begins with profiles and configured or probed bandwidths, and
// follows what stage reports measure (Wi-Fi that gets worse, a CPU that gets hot). One thread at a time.
#pragma once

#include <optional>
#include <vector>

#include "engine/layer.h"
#include "net/transfer_meter.h"
#include "roles/master/robust_estimate.h"

namespace edge {

class CostEstimator {
 public:
  /// `profiles`: [w][l], seconds of layer l on worker w. `bandwidth`: bytes/s of the link into each worker,
  /// where known.
  CostEstimator(std::vector<std::vector<double>> profiles, std::vector<std::optional<double>> bandwidth);

  /// A worker has come back. With another profile it is another device, and what was measured of the one
  /// before does not count.
  void set_profile(int worker, std::vector<double> profile);

  /// Bytes that went over the link into `worker`. Short messages say more about latency than about bandwidth
  /// and are only taken as long as nothing better is known.
  void add_transfer(int worker, const net::Transfer& transfer);
  /// `worker` computed the layers from `first` to `end` - 1 in so many seconds; `busy` is the part of its
  /// time (0..1) that it spends computing.
  ///
  /// A device with little to do is faster than its profile (it stays cool, has not used up its share of a
  /// CPU), but would not stay so with all layers: an idle device is not believed to be faster than profiled.
  void add_computation(int worker, LayerIndex first, LayerIndex end, double seconds, double busy);

  const std::vector<std::vector<double>>& profiles() const { return profiles_; }
  /// Encoding in front of the link into `worker` and decoding behind it took so long.
  void add_codec(int worker, double seconds);
  /// Expected for the next frame; 0 if the link was not used yet.
  double codec_s(int worker) const;

  /// Bytes/s of the link into each worker.
  std::vector<double> bandwidth() const;
  /// [w][l]: the profiles, corrected by how long the devices really took lately.
  std::vector<std::vector<double>> layer_cost() const;
  /// What exactly these layers took `worker` lately, if it ran them.
  std::optional<double> measured(int worker, LayerIndex first, LayerIndex end) const;
  /// Of `worker`: expected / profiled seconds.
  double slowdown(int worker) const;
  /// Whether it has computed anything that tells.
  bool was_measured(int worker) const;

 private:
  struct Link {
    std::optional<double> at_first;
    RobustEstimate measured;
    RobustEstimate codec_s;
  };
  std::vector<std::vector<double>> profiles_;
  std::vector<RobustEstimate> slowdown_;
  struct Range {
    LayerIndex first = 0, end = 0;
    RobustEstimate seconds;
  };
  std::vector<Range> current_;  ///< what each worker does at present
  std::vector<Link> links_;
};

}  // namespace edge
