#include "roles/master/cost_estimator.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace edge {
namespace {

constexpr double unknown_bytes_per_s = 3e6;  // Wi-Fi of a Raspberry Pi
constexpr std::uint64_t short_message = 8000;
/// Shorter computations are mostly waiting for the scheduler of the operating system.
constexpr double short_computation_s = 1e-4;
constexpr int samples_of_profile = 3;

/// As if measured before: the first frames, when memory is touched and caches are cold, are no good sample.
RobustEstimate as_profiled() {
  RobustEstimate slowdown;
  for (int i = 0; i < samples_of_profile; ++i) slowdown.add(1);
  return slowdown;
}

}  // namespace

CostEstimator::CostEstimator(std::vector<std::vector<double>> profiles,
                             std::vector<std::optional<double>> bandwidth)
    : profiles_(std::move(profiles)),
      slowdown_(profiles_.size()),
      current_(profiles_.size()),
      links_(profiles_.size()) {
  assert(bandwidth.size() == profiles_.size());
  for (std::size_t worker = 0; worker < links_.size(); ++worker) links_[worker].at_first = bandwidth[worker];
  std::fill(slowdown_.begin(), slowdown_.end(), as_profiled());
}

void CostEstimator::set_profile(int worker, std::vector<double> profile) {
  const auto index = static_cast<std::size_t>(worker);
  if (profiles_[index] == profile) return;
  profiles_[index] = std::move(profile);
  slowdown_[index] = as_profiled();
  current_[index] = {};
  links_[index].codec_s = {};
}

void CostEstimator::add_transfer(int worker, const net::Transfer& transfer) {
  Link& link = links_[static_cast<std::size_t>(worker)];
  const double bytes_per_s = static_cast<double>(transfer.bytes) / transfer.seconds;
  if (!std::isfinite(bytes_per_s) || bytes_per_s <= 0) return;
  if (transfer.bytes < short_message) {
    if (!link.at_first) link.at_first = bytes_per_s;
    return;
  }
  link.measured.add(bytes_per_s);
}

void CostEstimator::add_computation(int worker, LayerIndex first, LayerIndex end, double seconds,
                                    double busy) {
  const std::vector<double>& profile = profiles_[static_cast<std::size_t>(worker)];
  const double profiled = std::accumulate(profile.begin() + first, profile.begin() + end, 0.0);
  if (profiled < short_computation_s || !(seconds > 0)) return;
  Range& range = current_[static_cast<std::size_t>(worker)];
  if (range.first != first || range.end != end) range = {.first = first, .end = end, .seconds = {}};
  range.seconds.add(seconds);
  double slowdown = seconds / profiled;
  if (slowdown < 1) slowdown = std::min(1.0, slowdown / std::clamp(busy, 0.01, 1.0));
  slowdown_[static_cast<std::size_t>(worker)].add(slowdown);
}

std::optional<double> CostEstimator::measured(int worker, LayerIndex first, LayerIndex end) const {
  const Range& range = current_[static_cast<std::size_t>(worker)];
  if (range.first != first || range.end != end) return std::nullopt;
  return range.seconds.value();
}

void CostEstimator::add_codec(int worker, double seconds) {
  if (seconds > 0) links_[static_cast<std::size_t>(worker)].codec_s.add(seconds);
}

double CostEstimator::codec_s(int worker) const {
  return links_[static_cast<std::size_t>(worker)].codec_s.value().value_or(0);
}

std::vector<double> CostEstimator::bandwidth() const {
  std::vector<double> bandwidth;
  for (const Link& link : links_) {
    bandwidth.push_back(link.measured.value().value_or(link.at_first.value_or(unknown_bytes_per_s)));
  }
  return bandwidth;
}

double CostEstimator::slowdown(int worker) const {
  return slowdown_[static_cast<std::size_t>(worker)].value().value_or(1.0);
}

bool CostEstimator::was_measured(int worker) const {
  return current_[static_cast<std::size_t>(worker)].seconds.samples() > 0;
}

std::vector<std::vector<double>> CostEstimator::layer_cost() const {
  std::vector<std::vector<double>> costs = profiles_;
  for (std::size_t worker = 0; worker < costs.size(); ++worker) {
    const double factor = slowdown(static_cast<int>(worker));
    for (double& cost : costs[worker]) cost *= factor;
  }
  return costs;
}

}  // namespace edge
