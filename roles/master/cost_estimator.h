// What devices and links cost at present: begins with profiles and configured or probed bandwidths, and
// follows what stage reports measure (Wi-Fi that gets worse, a CPU that gets hot). One thread at a time.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/layer.h"
#include "net/transfer_meter.h"
#include "roles/master/robust_estimate.h"
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

  /// Bytes that went over the link into `worker`. What is over in a moment says more about latency, or about
  /// how much a router takes at once, than about bandwidth: it only counts as long as nothing better is
  /// known.
  void add_transfer(int worker, const net::Transfer& transfer);
  /// `worker` computed the layers from `first` to `end` - 1 in so many seconds; `busy` is the part of its
  /// time (0..1) that it spends computing.
  ///
  /// A device with little to do is faster than its profile (it stays cool, has not used up its share of a
  /// CPU), but would not stay so with all layers: an idle device is not believed to be faster than profiled,
  /// and what it showed when it was busier is believed rather.
  ///
  /// What each range of layers took is remembered: coming back to it is not judged by what others take. If a
  /// range takes longer or shorter than it took before, it is the device that has changed, and all that is
  /// remembered of it changes alike.
  ///
  /// `part`: of each layer's seconds, what the frame was expected to take; empty: all. A frame that took a
  /// small part tells how well parts are computed, not how fast the device is.
  ///
  /// Layers that take nothing by the profile, but long three times in a row, get a share of that each: the
  /// profile is not believed there any more.
  void add_computation(int worker, LayerIndex first, LayerIndex end, double seconds, double busy,
                       std::span<const double> part = {});
  /// Of a layer's seconds, what it takes if that share of its positions is computed (may be above 1).
  double incremental(double share) const;

  const std::vector<std::vector<double>>& profiles() const { return profiles_; }
  /// Encoding in front of the link into `worker` and decoding behind it took so long, for tensors of so many
  /// bytes in all.
  void add_codec(int worker, double seconds, double tensor_bytes);
  /// Seconds per byte of tensors on the link into `worker`. Of a link that was not used as those that were;
  /// 0 if none was.
  double codec_s_per_byte(int worker) const;

  /// What transfers over the link into each worker take besides bytes / bandwidth(), by those that tell
  /// nothing of that. Of a link without such the mean of the others.
  std::vector<scheduling::LinkOffset> link_offset() const;
  /// Bytes/s of the link into each worker.
  std::vector<double> bandwidth() const;
  /// [w][l]: the profiles, corrected by how long the devices really took lately.
  std::vector<std::vector<double>> layer_cost() const;
  /// [w]: what is remembered of ranges of layers that it ran.
  std::vector<std::vector<scheduling::KnownRange>> known_ranges() const;
  /// Of `worker`: expected / profiled seconds.
  double slowdown(int worker) const;
  /// Whether layers that make half of its profile or more were run, and so measured.
  bool was_measured(int worker) const;

 private:
  struct Link {
    std::optional<double> at_first;
    RobustEstimate measured;
    std::deque<double> sizes;              ///< bytes of the transfers in `measured`
    std::deque<net::Transfer> short_ones;  ///< the last that told nothing of the bandwidth
    int short_since = 0;                   ///< so many since the last one that told something
    RobustEstimate codec_s_per_byte;
  };
  static bool tells_more(const Link& link, const net::Transfer& transfer);
  struct Range {
    LayerIndex first = 0, end = 0;
    RobustEstimate slowdown;   ///< measured / profiled seconds
    double changed_since = 1;  ///< the device, by that factor
  };
  /// Of layers that took long, lately and in a row, but nothing by the profile.
  struct Doubts {
    LayerIndex first = 0, end = 0;
    std::vector<double> took_s;
  };
  struct Device {
    std::vector<double> given;     ///< its profile
    std::vector<double> profile;   ///< as far as that is believed
    std::vector<double> slowdown;  ///< by layer
    std::vector<double> busy;      ///< by layer: how busy the device was when that was measured; 0: profiled
    std::vector<Range> ranges;     ///< the one that was used last at the end
    Doubts doubts;
  };
  static Device as_profiled(const std::vector<double>& profile);
  static double profiled(const Device& device, LayerIndex first, LayerIndex end);
  void doubt_profile(int worker, LayerIndex first, LayerIndex end, double seconds);
  static void learn_layers(Device& device, const Range& range, double busy);

  void remember();

  scheduling::Route route_;
  std::vector<std::vector<double>> profiles_;
  std::vector<Device> devices_;
  RobustEstimate parts_;  ///< measured / expected seconds of frames of which a small part was computed
  std::vector<Link> links_;
  // Of all routes so far, by the workers' numbers in the chain; the links' ends, -1 for the master.
  std::map<int, Device> known_devices_;
  std::map<std::pair<int, int>, Link> known_links_;
};

}  // namespace edge
