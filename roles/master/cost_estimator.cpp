#include "roles/master/cost_estimator.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

namespace edge {
namespace {

/// Of encoding and decoding tensors of floats on a PC; no device takes less, so that cuts look no better than
/// they are before any was measured.
constexpr double usual_codec_s_per_byte = 3e-9;

/// The mean of those that are known; nothing: none is.
std::optional<double> mean_of_known(const std::vector<std::optional<double>>& values) {
  double sum = 0;
  double count = 0;
  for (const std::optional<double>& value : values) {
    if (!value) continue;
    sum += *value;
    ++count;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
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
    known_devices_.insert_or_assign(route_[i], std::move(devices_[i]));
    known_links_.insert_or_assign({from, route_[i]}, std::move(links_[i]));
    from = route_[i];
  }
}

void CostEstimator::set_route(scheduling::Route route, std::vector<std::vector<double>> profiles,
                              std::vector<std::optional<double>> bandwidth) {
  assert(profiles.size() == route.size() && bandwidth.size() == route.size());
  remember();
  route_ = std::move(route);
  devices_.clear();
  links_.clear();
  int from = -1;
  for (std::size_t i = 0; i < route_.size(); ++i) {
    const auto known = known_devices_.find(route_[i]);
    const bool same = known != known_devices_.end() && known->second.given() == profiles[i];
    devices_.push_back(same ? known->second : DeviceEstimate(std::move(profiles[i])));
    const auto known_link = known_links_.find({from, route_[i]});
    links_.push_back(known_link != known_links_.end() ? known_link->second : LinkEstimate(std::nullopt));
    links_.back().set_bandwidth(bandwidth[i]);
    if (!same) links_.back().forget_codec();
    from = route_[i];
  }
}

void CostEstimator::add_computation(int worker, LayerIndex first, LayerIndex end, double seconds, double busy,
                                    std::span<const double> shares) {
  devices_[static_cast<std::size_t>(worker)].add_computation(first, end, seconds, busy, shares, frames_);
}

std::vector<std::vector<double>> CostEstimator::profiles() const {
  std::vector<std::vector<double>> profiles;
  for (const DeviceEstimate& device : devices_) profiles.push_back(device.profile());
  return profiles;
}

double CostEstimator::codec_s_per_byte(int worker) const {
  if (const auto own = links_[static_cast<std::size_t>(worker)].codec_s_per_byte()) return *own;
  std::vector<std::optional<double>> all;
  for (const LinkEstimate& link : links_) all.push_back(link.codec_s_per_byte());
  return mean_of_known(all).value_or(usual_codec_s_per_byte);
}

scheduling::PartCost CostEstimator::part_cost(int worker) const {
  std::optional<double> factor = device(worker).part_factor(frames_);
  if (!factor) {
    std::vector<std::optional<double>> all;
    for (const DeviceEstimate& device : devices_) all.push_back(device.part_factor(frames_));
    factor = mean_of_known(all);
  }
  scheduling::PartCost cost;
  cost.fixed *= factor.value_or(1);
  cost.variable *= factor.value_or(1);
  return cost;
}

std::vector<scheduling::LinkOffset> CostEstimator::link_offset() const {
  std::vector<std::optional<scheduling::LinkOffset>> known;
  scheduling::LinkOffset mean;
  double count = 0;
  for (const LinkEstimate& link : links_) {
    const auto& offset = known.emplace_back(link.offset());
    if (!offset) continue;
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

std::vector<double> CostEstimator::bandwidth() const {
  std::vector<double> bandwidth;
  for (const LinkEstimate& link : links_) bandwidth.push_back(link.bandwidth());
  return bandwidth;
}

std::vector<std::vector<double>> CostEstimator::layer_cost() const {
  std::vector<std::vector<double>> costs;
  for (const DeviceEstimate& device : devices_) costs.push_back(device.layer_cost(frames_));
  return costs;
}

std::vector<std::vector<scheduling::KnownRange>> CostEstimator::known_ranges() const {
  std::vector<std::vector<scheduling::KnownRange>> known;
  for (const DeviceEstimate& device : devices_) known.push_back(device.known_ranges(frames_));
  return known;
}

}  // namespace edge
