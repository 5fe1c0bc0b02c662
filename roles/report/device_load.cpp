#include "roles/report/device_load.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace edge {
namespace {

constexpr std::size_t remembered_frames = 20;

}  // namespace

void DeviceLoad::add(const FrameRecord& frame) {
  Busy busy{.finished_s = frame.finished_s, .seconds = {}};
  for (const WorkerTimes& times : frame.workers) {
    busy.seconds.push_back(times.decode_s + times.compute_s + times.encode_s);
  }
  last_.push_back(std::move(busy));
  if (last_.size() > remembered_frames) last_.pop_front();
}

std::vector<double> DeviceLoad::shares() const {
  if (last_.size() < 2) return {};
  const double duration_s = last_.back().finished_s - last_.front().finished_s;
  if (!(duration_s > 0)) return {};
  std::vector<double> shares(last_.back().seconds.size());
  // The first frame's work was done before the time that counts.
  for (auto busy = last_.begin() + 1; busy != last_.end(); ++busy) {
    for (std::size_t worker = 0; worker < std::min(shares.size(), busy->seconds.size()); ++worker) {
      shares[worker] += busy->seconds[worker] / duration_s;
    }
  }
  for (double& share : shares) share = std::clamp(share, 0.0, 1.0);
  return shares;
}

std::string load_bars(const std::vector<double>& shares) {
  constexpr std::array<std::string_view, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const double share : shares) {
    text += bars[static_cast<std::size_t>(std::lround(7 * std::clamp(share, 0.0, 1.0)))];
  }
  return text;
}

}  // namespace edge
