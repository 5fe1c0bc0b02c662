#include "roles/master/cost_estimator.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

namespace edge {
namespace {

constexpr double unknown_bytes_per_s = 3e6;  // Wi-Fi of a Raspberry Pi
/// A transfer tells the bandwidth if it is no mere message and takes long, or is large.
constexpr std::uint64_t short_message = 8000;
constexpr double long_transfer_s = 0.02;
constexpr std::uint64_t large_message = 256'000;
/// Shorter computations are mostly waiting for the scheduler of the operating system.
constexpr double short_computation_s = 1e-4;
/// Of a layer's seconds: what is to be done for any share, and for all of it, where a part is computed. A
/// mean over networks; what is measured corrects it.
constexpr double fixed_part = 0.03;
constexpr double variable_part = 1.3;
constexpr double large_part = 0.7;
constexpr double much_faster = 1.3;
constexpr int short_ones_until_believed = 60;
constexpr std::size_t most_transfers = 9;
constexpr std::size_t most_ranges = 16;
constexpr std::size_t samples_that_tell = 3;
/// What was measured on a device that was busier by this is not given up for what it shows now.
constexpr double much_busier = 1.25;
/// What a report may make of a link, of a device, of a frame's part: beyond is no measurement. Reports come
/// from others, and a number that is nearly 0 or endless would stay in all products.
constexpr double least_bytes_per_s = 1;
constexpr double most_bytes_per_s = 1e12;
constexpr double most_times_faster = 1e3;
constexpr double most_times_slower = 1e6;
/// Layers that take nothing by the profile, but so long whenever they are run, are not what the profile says.
constexpr double long_computation_s = 1e-3;

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

CostEstimator::CostEstimator(std::vector<std::vector<double>> profiles,
                             std::vector<std::optional<double>> bandwidth, scheduling::Route route) {
  if (route.empty()) {
    route.resize(profiles.size());
    std::iota(route.begin(), route.end(), 0);
  }
  set_route(std::move(route), std::move(profiles), std::move(bandwidth));
}

void CostEstimator::remember() {
  int from = -1;
  for (std::size_t i = 0; i < route_.size(); ++i) {
    known_devices_[route_[i]] = std::move(devices_[i]);
    known_links_[{from, route_[i]}] = std::move(links_[i]);
    from = route_[i];
  }
}

void CostEstimator::set_route(scheduling::Route route, std::vector<std::vector<double>> profiles,
                              std::vector<std::optional<double>> bandwidth) {
  assert(profiles.size() == route.size() && bandwidth.size() == route.size());
  remember();
  route_ = std::move(route);
  profiles_ = std::move(profiles);
  devices_.clear();
  links_.clear();
  int from = -1;
  for (std::size_t i = 0; i < route_.size(); ++i) {
    const auto device = known_devices_.find(route_[i]);
    const bool same = device != known_devices_.end() && device->second.given == profiles_[i];
    devices_.push_back(same ? device->second : as_profiled(profiles_[i]));
    profiles_[i] = devices_.back().profile;
    const auto link = known_links_.find({from, route_[i]});
    links_.push_back(link != known_links_.end() ? link->second : Link{});
    if (!links_.back().at_first) links_.back().at_first = bandwidth[i];
    if (!same) links_.back().codec_s_per_byte = {};
    from = route_[i];
  }
}

CostEstimator::Device CostEstimator::as_profiled(const std::vector<double>& profile) {
  return {.given = profile,
          .profile = profile,
          .slowdown = std::vector<double>(profile.size(), 1.0),
          .busy = std::vector<double>(profile.size(), 0.0),
          .ranges = {},
          .doubts = {}};
}

double CostEstimator::profiled(const Device& device, LayerIndex first, LayerIndex end) {
  return std::accumulate(device.profile.begin() + first, device.profile.begin() + end, 0.0);
}

/// Larger transfers tell more of the bandwidth: small ones may be faster because their first bytes pass at
/// once. Those that are much faster only count if there was no large one for long.
bool CostEstimator::tells_more(const Link& link, const net::Transfer& transfer) {
  if (link.sizes.empty() || link.short_since >= short_ones_until_believed) return true;
  const auto bytes = static_cast<double>(transfer.bytes);
  return bytes >= middle_of({link.sizes.begin(), link.sizes.end()}) / 2 ||
         bytes / transfer.seconds < much_faster * *link.measured.value();
}

void CostEstimator::add_transfer(int worker, const net::Transfer& transfer) {
  Link& link = links_[static_cast<std::size_t>(worker)];
  if (transfer.bytes == 0 || !(transfer.seconds > 0)) return;
  const double bytes_per_s =
      std::clamp(static_cast<double>(transfer.bytes) / transfer.seconds, least_bytes_per_s, most_bytes_per_s);
  const bool large = transfer.bytes >= large_message ||
                     (transfer.bytes >= short_message && transfer.seconds >= long_transfer_s);
  if (large && tells_more(link, transfer)) {
    link.short_since = 0;
    const std::size_t samples = link.measured.samples();
    link.measured.add(bytes_per_s);
    link.sizes.push_back(static_cast<double>(transfer.bytes));
    if (link.sizes.size() > most_transfers) link.sizes.pop_front();
    // The link has changed: so has what short ones take.
    if (link.measured.samples() < samples) {
      link.short_ones.clear();
      while (link.sizes.size() > link.measured.samples()) link.sizes.pop_front();
    }
    return;
  }
  ++link.short_since;
  link.short_ones.push_back(transfer);
  if (link.short_ones.size() > most_transfers) link.short_ones.pop_front();
  if (!link.at_first) link.at_first = bytes_per_s;
}

void CostEstimator::add_computation(int worker, LayerIndex first, LayerIndex end, double seconds, double busy,
                                    std::span<const double> part) {
  Device& device = devices_[static_cast<std::size_t>(worker)];
  double by_profile = profiled(device, first, end);
  if (!(seconds > 0)) return;
  if (by_profile < short_computation_s) return doubt_profile(worker, first, end, seconds);
  if (!part.empty()) {
    double of_part = 0;
    double expected = 0;
    for (auto layer = static_cast<std::size_t>(first); layer < static_cast<std::size_t>(end); ++layer) {
      of_part += device.profile[layer] * part[layer];
      expected += device.profile[layer] * device.slowdown[layer] * part[layer];
    }
    if (of_part < large_part * by_profile) {
      if (expected < short_computation_s) return;
      // `part` counts with what is known of parts by now.
      const double ratio = seconds / expected * parts_.value().value_or(1);
      parts_.add(std::clamp(ratio, 1 / most_times_faster, most_times_faster));
      return;
    }
    by_profile = of_part;
  }
  const auto same = std::find_if(device.ranges.begin(), device.ranges.end(), [&](const Range& range) {
    return range.first == first && range.end == end;
  });
  if (same == device.ranges.end()) {
    if (device.ranges.size() == most_ranges) device.ranges.erase(device.ranges.begin());
    device.ranges.push_back({.first = first, .end = end, .slowdown = {}});
  } else {
    std::rotate(same, same + 1, device.ranges.end());
  }
  Range& range = device.ranges.back();
  // Samples of before the device changed are those of another.
  if (range.changed_since != 1) {
    range.slowdown.scale(range.changed_since);
    range.changed_since = 1;
  }
  const std::optional<double> before = range.slowdown.value();
  const std::size_t samples = range.slowdown.samples();
  range.slowdown.add(std::clamp(seconds / by_profile, 1 / most_times_faster, most_times_slower));
  if (range.slowdown.samples() < samples) {  // it has forgotten the old ones: a real change
    const double change = *range.slowdown.value() / *before;
    for (Range& other : device.ranges) {
      if (&other != &range) other.changed_since *= change;
    }
    for (double& slowdown : device.slowdown) slowdown *= change;
  }
  if (range.slowdown.samples() >= samples_that_tell) learn_layers(device, range, std::clamp(busy, 0.01, 1.0));
}

/// Such layers would be given to the device again and again, and what they take never be counted.
void CostEstimator::doubt_profile(int worker, LayerIndex first, LayerIndex end, double seconds) {
  const auto index = static_cast<std::size_t>(worker);
  Device& device = devices_[index];
  if (first == end) return;
  const bool same = device.doubts.first == first && device.doubts.end == end;
  if (!same || seconds < long_computation_s) device.doubts = {.first = first, .end = end, .took_s = {}};
  if (seconds < long_computation_s) return;
  device.doubts.took_s.push_back(seconds);
  if (device.doubts.took_s.size() < samples_that_tell) return;
  const double least = *std::min_element(device.doubts.took_s.begin(), device.doubts.took_s.end());
  std::vector<double> profile = device.profile;
  for (LayerIndex layer = first; layer < end; ++layer) {
    double& of_layer = profile[static_cast<std::size_t>(layer)];
    of_layer = std::max(of_layer, least / (end - first));
  }
  Device changed = as_profiled(profile);
  changed.given = std::move(device.given);
  device = std::move(changed);
  profiles_[index] = std::move(profile);
}

double CostEstimator::incremental(double share) const {
  return (fixed_part + variable_part * share) * parts_.value().value_or(1);
}

void CostEstimator::learn_layers(Device& device, const Range& range, double busy) {
  double slowdown = *range.slowdown.value();
  if (slowdown < 1) slowdown = std::min(1.0, slowdown / busy);
  for (std::size_t layer = 0; layer < device.slowdown.size(); ++layer) {
    const auto index = static_cast<LayerIndex>(layer);
    const bool inside = index >= range.first && index < range.end;
    // Of layers that it never ran, the device's speed is the best guess.
    if (inside ? device.busy[layer] > much_busier * busy : device.busy[layer] > 0) continue;
    device.slowdown[layer] = slowdown;
    if (inside) device.busy[layer] = busy;
  }
}

std::vector<std::vector<scheduling::KnownRange>> CostEstimator::known_ranges() const {
  std::vector<std::vector<scheduling::KnownRange>> known;
  for (const Device& device : devices_) {
    known.emplace_back();
    for (const Range& range : device.ranges) {
      if (range.slowdown.samples() < samples_that_tell) continue;
      double expected = 0;
      for (LayerIndex layer = range.first; layer < range.end; ++layer) {
        const auto index = static_cast<std::size_t>(layer);
        expected += device.profile[index] * device.slowdown[index];
      }
      const double took =
          *range.slowdown.value() * range.changed_since * profiled(device, range.first, range.end);
      known.back().push_back({.first = range.first, .end = range.end, .factor = took / expected});
    }
  }
  return known;
}

void CostEstimator::add_codec(int worker, double seconds, double tensor_bytes) {
  if (!(seconds > 0) || !(tensor_bytes > 0)) return;
  links_[static_cast<std::size_t>(worker)].codec_s_per_byte.add(seconds / tensor_bytes);
}

double CostEstimator::codec_s_per_byte(int worker) const {
  if (const auto own = links_[static_cast<std::size_t>(worker)].codec_s_per_byte.value()) return *own;
  double sum = 0;
  double count = 0;
  for (const Link& link : links_) {
    if (const auto other = link.codec_s_per_byte.value()) {
      sum += *other;
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

std::vector<double> CostEstimator::bandwidth() const {
  std::vector<double> bandwidth;
  for (const Link& link : links_) {
    bandwidth.push_back(link.measured.value().value_or(link.at_first.value_or(unknown_bytes_per_s)));
  }
  return bandwidth;
}

std::vector<scheduling::LinkOffset> CostEstimator::link_offset() const {
  const std::vector<double> bytes_per_s = bandwidth();
  std::vector<std::optional<scheduling::LinkOffset>> known;
  scheduling::LinkOffset mean;
  double count = 0;
  for (std::size_t worker = 0; worker < links_.size(); ++worker) {
    const Link& link = links_[worker];
    std::optional<scheduling::LinkOffset>& offset = known.emplace_back();
    if (link.short_ones.size() < samples_that_tell) continue;
    std::vector<double> seconds;
    std::vector<double> bytes;
    for (const net::Transfer& transfer : link.short_ones) {
      bytes.push_back(static_cast<double>(transfer.bytes));
      seconds.push_back(transfer.seconds - bytes.back() / bytes_per_s[worker]);
    }
    offset = scheduling::LinkOffset{.seconds = middle_of(std::move(seconds)),
                                    .from_bytes = middle_of(std::move(bytes))};
    if (!link.sizes.empty()) offset->until_bytes = middle_of({link.sizes.begin(), link.sizes.end()});
    offset->until_bytes = std::max(offset->until_bytes, 2 * offset->from_bytes);
    ++count;
    mean.seconds += (offset->seconds - mean.seconds) / count;
    mean.from_bytes += (offset->from_bytes - mean.from_bytes) / count;
  }
  mean.until_bytes = std::max(mean.until_bytes, 2 * mean.from_bytes);
  std::vector<scheduling::LinkOffset> offsets;
  offsets.reserve(known.size());
  for (const auto& offset : known) offsets.push_back(offset.value_or(mean));
  return offsets;
}

double CostEstimator::slowdown(int worker) const {
  const Device& device = devices_[static_cast<std::size_t>(worker)];
  const std::vector<std::vector<double>> costs = layer_cost();
  const std::vector<double>& own = costs[static_cast<std::size_t>(worker)];
  const double by_profile = std::accumulate(device.profile.begin(), device.profile.end(), 0.0);
  return by_profile > 0 ? std::accumulate(own.begin(), own.end(), 0.0) / by_profile : 1.0;
}

bool CostEstimator::was_measured(int worker) const {
  const Device& device = devices_[static_cast<std::size_t>(worker)];
  double measured = 0;
  double all = 0;
  for (std::size_t layer = 0; layer < device.profile.size(); ++layer) {
    all += device.profile[layer];
    if (device.busy[layer] > 0) measured += device.profile[layer];
  }
  return all > 0 && measured >= all / 2;
}

std::vector<std::vector<double>> CostEstimator::layer_cost() const {
  std::vector<std::vector<double>> costs = profiles_;
  for (std::size_t worker = 0; worker < costs.size(); ++worker) {
    for (std::size_t layer = 0; layer < costs[worker].size(); ++layer) {
      costs[worker][layer] *= devices_[worker].slowdown[layer];
    }
  }
  return costs;
}

}  // namespace edge
