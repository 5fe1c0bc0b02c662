// What devices and links cost at present: begins with profiles and configured or probed bandwidths, and
// follows what stage reports measure (Wi-Fi that gets worse, a CPU that gets hot). One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/layer.h"
#include "net/transfer_meter.h"
#include "roles/master/device_estimate.h"
#include "roles/master/link_estimate.h"
#include "roles/scheduling/costs.h"
#include "roles/scheduling/route.h"

namespace edge {

class CostEstimator {
 public:
  /// `profiles`: [w][l], seconds of layer l on worker w. `bandwidth`: bytes/s of the link into each worker,
  /// where known. `route`: which workers of the chain these are; empty: the first ones.
  CostEstimator(std::vector<std::vector<double>> profiles, std::vector<std::optional<double>> bandwidth,
                scheduling::Route route = {});

  /// The chain is made of these workers from now on, which are numbered from 0 in all other calls. What was
  /// measured of devices and links is remembered, but for a worker with another profile: that is another
  /// device.
  void set_route(scheduling::Route route, std::vector<std::vector<double>> profiles,
                 std::vector<std::optional<double>> bandwidth);

  void add_transfer(int worker, const net::Transfer& transfer) { link(worker).add_transfer(transfer); }
  /// As DeviceEstimate::add_computation().
  void add_computation(int worker, LayerIndex first, LayerIndex end, double seconds, double busy,
                       std::span<const double> shares = {});
  /// Encoding in front of the link into `worker` and decoding behind it.
  void add_codec(int worker, double seconds, double tensor_bytes) {
    link(worker).add_codec(seconds, tensor_bytes);
  }
  /// What is not seen again fades with the frames.
  void next_frame() { ++frames_; }

  std::vector<std::vector<double>> profiles() const;
  /// Seconds per byte of tensors on the link into `worker`. Of a link that was not used as those that were;
  /// what is usual if none was.
  double codec_s_per_byte(int worker) const;
  /// What transfers over the link into each worker take besides bytes / bandwidth(), by those that tell
  /// nothing of that. Of a link without such the mean of the others.
  std::vector<scheduling::LinkOffset> link_offset() const;
  /// Bytes/s of the link into each worker.
  std::vector<double> bandwidth() const;
  /// [w][l]: the profiles, corrected by how long the devices really took lately.
  std::vector<std::vector<double>> layer_cost() const;
  /// Of `worker`: what computing a part of a layer takes. Of one where that was not seen as of the others.
  scheduling::PartCost part_cost(int worker) const;
  /// [w]: what is remembered of ranges of layers that it ran.
  std::vector<std::vector<scheduling::KnownRange>> known_ranges() const;
  /// Of `worker`: expected / profiled seconds.
  double slowdown(int worker) const { return device(worker).slowdown(frames_); }
  bool was_measured(int worker) const { return device(worker).was_measured(); }

 private:
  LinkEstimate& link(int worker) { return links_[static_cast<std::size_t>(worker)]; }
  const DeviceEstimate& device(int worker) const { return devices_[static_cast<std::size_t>(worker)]; }

  void remember();

  scheduling::Route route_;
  std::vector<DeviceEstimate> devices_;
  std::vector<LinkEstimate> links_;
  // Of all routes so far, by the workers' numbers in the chain; the links' ends, -1 for the master.
  std::map<int, DeviceEstimate> known_devices_;
  std::map<std::pair<int, int>, LinkEstimate> known_links_;
  double frames_ = 0;
};

}  // namespace edge
