#include "kernels/axis_reach.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edge::kernels {

AxisReach::AxisReach(std::int64_t in, std::vector<Window> windows)
    : windows_(std::move(windows)),
      first_out_(static_cast<std::size_t>(in), static_cast<std::int32_t>(windows_.size())),
      last_out_(static_cast<std::size_t>(in), -1) {
  for (Window& window : windows_) {
    window.begin = std::clamp<std::int32_t>(window.begin, 0, static_cast<std::int32_t>(in));
    window.end = std::clamp<std::int32_t>(window.end, window.begin, static_cast<std::int32_t>(in));
  }
  assert(std::is_sorted(windows_.begin(), windows_.end(),
                        [](const Window& a, const Window& b) { return a.begin < b.begin || a.end < b.end; }));
  std::size_t next = 0;
  for (std::size_t i = 0; i < first_out_.size(); ++i) {
    while (next < windows_.size() && windows_[next].end <= static_cast<std::int32_t>(i)) ++next;
    first_out_[i] = static_cast<std::int32_t>(next);
  }
  next = 0;
  for (std::size_t i = 0; i < last_out_.size(); ++i) {
    while (next < windows_.size() && windows_[next].begin <= static_cast<std::int32_t>(i)) ++next;
    last_out_[i] = static_cast<std::int32_t>(next) - 1;
  }
}

AxisReach AxisReach::identity(std::int64_t size) {
  return windows(size, size, 1, 1, 0);
}

AxisReach AxisReach::windows(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                             std::int64_t padding, std::int64_t dilation) {
  std::vector<Window> all;
  all.reserve(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * stride - padding;
    all.push_back(
        {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(begin + (kernel - 1) * dilation + 1)});
  }
  return {in, std::move(all)};
}

AxisReach AxisReach::winograd(std::int64_t in, std::int64_t out, std::int64_t outputs, std::int64_t taps,
                              std::int64_t padding) {
  std::vector<Window> all;
  all.reserve(static_cast<std::size_t>(out));
  const std::int64_t alpha = outputs + taps - 1;
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t patch = i / outputs * outputs - padding;
    const bool first = i % outputs == 0;
    const bool last = i % outputs == outputs - 1;
    all.push_back({static_cast<std::int32_t>(patch + (first ? 0 : 1)),
                   static_cast<std::int32_t>(patch + (last ? alpha : alpha - 1))});
  }
  return {in, std::move(all)};
}

}  // namespace edge::kernels
