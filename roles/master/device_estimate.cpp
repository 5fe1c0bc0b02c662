#include "roles/master/device_estimate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace edge {
namespace {

/// Shorter computations are mostly waiting for the scheduler of the operating system.
constexpr double short_computation_s = 1e-4;
constexpr std::size_t most_ranges = 16;
constexpr std::size_t samples_of_a_range = 3;  // until it tells something
constexpr double full_weight = 9;              // samples
/// What was measured on a device that was busier by this is not given up for what it shows now.
constexpr double much_busier = 1.25;
/// Frames in which half of what was learnt is forgotten, if it is not seen again.
constexpr double half_life = 300;
/// That much of its layers must be seen until a device is believed to differ from its profile by half as much
/// in the others.
constexpr double weight_of_profile = 0.1;

/// What a report may make of a device: beyond is no measurement. Reports come from others, and a number that
/// is nearly 0 or endless would stay in all products.
constexpr double most_times_faster = 1e3;
constexpr double most_times_slower = 1e6;
/// Layers that take nothing by the profile, but so long whenever they are run, are not what the profile says.
constexpr double long_computation_s = 1e-3;

double measured_ratio(double seconds, double expected_s) {
  return std::clamp(seconds / expected_s, 1 / most_times_faster, most_times_slower);
}

double faded(double age) {
  return std::exp2(-std::max(age, 0.0) / half_life);
}

/// Of a device that was idle for a part of its time: not faster than expected, unless it was for all of it.
double believed(double factor, double busy) {
  return factor < 1 ? std::min(1.0, factor / busy) : factor;
}

}  // namespace

DeviceEstimate::DeviceEstimate(std::vector<double> profile)
    : given_(std::move(profile)),
      profile_(given_),
      slowdown_(profile_.size(), 1.0),
      busy_(profile_.size(), 0.0),
      seen_(profile_.size(), 0.0) {}

double DeviceEstimate::profiled(LayerIndex first, LayerIndex end) const {
  return std::accumulate(profile_.begin() + first, profile_.begin() + end, 0.0);
}

DeviceEstimate::Range& DeviceEstimate::range(LayerIndex first, LayerIndex end, double now) {
  const auto same = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.first == first && range.end == end;
  });
  if (same == ranges_.end()) {
    if (ranges_.size() == most_ranges) ranges_.erase(ranges_.begin());
    ranges_.push_back({.first = first, .end = end});
  } else {
    std::rotate(same, same + 1, ranges_.end());
  }
  ranges_.back().seen = now;
  return ranges_.back();
}

void DeviceEstimate::add_computation(LayerIndex first, LayerIndex end, double seconds, double busy,
                                     std::span<const double> shares, double now) {
  const double by_profile = profiled(first, end);
  if (!(seconds > 0)) return;
  if (by_profile < short_computation_s) return doubt_profile(first, end, seconds);
  change_ = change(now);
  change_seen_ = now;
  busy = std::clamp(busy, 0.01, 1.0);
  double of_part = by_profile;
  double expected = 0;
  if (!shares.empty()) {
    const scheduling::PartCost usual;
    const std::vector<double> cost = layer_cost(now);
    of_part = 0;
    for (auto layer = static_cast<std::size_t>(first); layer < static_cast<std::size_t>(end); ++layer) {
      of_part += profile_[layer] * usual.of(shares[layer]);
      expected += cost[layer] * usual.of(shares[layer]);
    }
  }
  const bool in_part = of_part < scheduling::large_part * by_profile;
  if (in_part && expected < short_computation_s) return;
  Range& known = range(first, end, now);
  RobustEstimate& samples = in_part ? known.part : known.slowdown;
  const std::optional<double> before = samples.value();
  const std::size_t count = samples.samples();
  samples.add(measured_ratio(seconds, in_part ? expected : of_part * change_));
  (in_part ? known.part_busy : known.busy) = busy;
  // It has forgotten the old ones: a real change. Of parts, that may be the scene's.
  if (!in_part && samples.samples() < count) settle_change(known, *before);
  if (!in_part && known.slowdown.samples() >= samples_of_a_range) learn_layers(known, now);
}

/// Such layers would be given to the device again and again, and what they take never be counted.
void DeviceEstimate::doubt_profile(LayerIndex first, LayerIndex end, double seconds) {
  if (first == end) return;
  const bool same = doubts_.first == first && doubts_.end == end;
  if (!same || seconds < long_computation_s) doubts_ = {.first = first, .end = end};
  if (seconds < long_computation_s) return;
  doubts_.took_s.push_back(seconds);
  if (doubts_.took_s.size() < samples_of_a_range) return;
  const double least = *std::min_element(doubts_.took_s.begin(), doubts_.took_s.end());
  DeviceEstimate changed(given_);
  changed.profile_ = profile_;
  for (LayerIndex layer = first; layer < end; ++layer) {
    double& of_layer = changed.profile_[static_cast<std::size_t>(layer)];
    of_layer = std::max(of_layer, least / (end - first));
  }
  *this = std::move(changed);
}

/// A range that makes little of the device may have had a bad moment only: the less is its change taken for
/// the device's. The rest stays with the range.
void DeviceEstimate::settle_change(Range& range, double before) {
  const double all = profiled(0, static_cast<LayerIndex>(profile_.size()));
  const double share = profiled(range.first, range.end) / all;
  const double change = std::pow(*range.slowdown.value() / before, share / (share + weight_of_profile));
  const double old =
      std::exchange(change_, std::clamp(change_ * change, 1 / most_times_faster, most_times_slower));
  range.slowdown.scale(old / change_);
}

void DeviceEstimate::learn_layers(const Range& range, double now) {
  const double slowdown = believed(*range.slowdown.value(), range.busy);
  for (auto layer = static_cast<std::size_t>(range.first); layer < static_cast<std::size_t>(range.end);
       ++layer) {
    if (busy_[layer] > much_busier * range.busy) continue;
    slowdown_[layer] = slowdown;
    busy_[layer] = range.busy;
    seen_[layer] = now;
  }
}

double DeviceEstimate::change(double now) const {
  return std::pow(change_, faded(now - change_seen_));
}

/// What is believed of layers that it never ran: what it took for those that it ran, the more the more of
/// them it ran and the more often, and the profile.
double DeviceEstimate::overall(double now) const {
  const double all = profiled(0, static_cast<LayerIndex>(profile_.size()));
  double sum = weight_of_profile;
  double weights = weight_of_profile;
  for (const Range& range : ranges_) {
    if (range.slowdown.samples() < samples_of_a_range || !(all > 0)) continue;
    const double samples = std::min(1.0, static_cast<double>(range.slowdown.samples()) / full_weight);
    const double weight = profiled(range.first, range.end) / all * samples * faded(now - range.seen);
    sum += weight * believed(*range.slowdown.value(), range.busy);
    weights += weight;
  }
  return sum / weights;
}

std::vector<double> DeviceEstimate::layer_cost(double now) const {
  const double device = change(now);
  const double others = overall(now);
  std::vector<double> cost = profile_;
  for (std::size_t layer = 0; layer < cost.size(); ++layer) {
    const double own = busy_[layer] == 0 ? 0 : (slowdown_[layer] - others) * faded(now - seen_[layer]);
    cost[layer] *= device * (others + own);
  }
  return cost;
}

std::optional<double> DeviceEstimate::part_factor(double now) const {
  double sum = 0;
  double weights = 0;
  for (const Range& range : ranges_) {
    if (range.part.samples() < samples_of_a_range) continue;
    const double weight = profiled(range.first, range.end) * static_cast<double>(range.part.samples()) *
                          faded(now - range.seen);
    sum += weight * believed(*range.part.value(), range.part_busy);
    weights += weight;
  }
  if (!(weights > 0)) return std::nullopt;
  return sum / weights;
}

std::vector<scheduling::KnownRange> DeviceEstimate::known_ranges(double now) const {
  std::vector<scheduling::KnownRange> known;
  const std::vector<double> cost = layer_cost(now);
  const double part_of_others = part_factor(now).value_or(1);
  for (const Range& range : ranges_) {
    scheduling::KnownRange entry{.first = range.first, .end = range.end};
    const double age = faded(now - range.seen);
    if (range.slowdown.samples() >= samples_of_a_range) {
      const double expected = std::accumulate(cost.begin() + range.first, cost.begin() + range.end, 0.0);
      const double took = *range.slowdown.value() * change(now) * profiled(range.first, range.end);
      entry.factor = 1 + (took / expected - 1) * age;
    }
    if (range.part.samples() >= samples_of_a_range) {
      entry.part_factor = 1 + (*range.part.value() / part_of_others - 1) * age;
    }
    if (range.slowdown.samples() + range.part.samples() >= samples_of_a_range) known.push_back(entry);
  }
  return known;
}

double DeviceEstimate::slowdown(double now) const {
  const std::vector<double> cost = layer_cost(now);
  const double by_profile = std::accumulate(profile_.begin(), profile_.end(), 0.0);
  return by_profile > 0 ? std::accumulate(cost.begin(), cost.end(), 0.0) / by_profile : 1.0;
}

bool DeviceEstimate::was_measured() const {
  double measured = 0;
  double all = 0;
  for (std::size_t layer = 0; layer < profile_.size(); ++layer) {
    all += profile_[layer];
    if (busy_[layer] > 0) measured += profile_[layer];
  }
  return all > 0 && measured >= all / 2;
}

}  // namespace edge
