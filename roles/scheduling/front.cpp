// Begun plans of which none is better than another.
#include "roles/scheduling/front.h"

#include <algorithm>

namespace edge::scheduling {
namespace {

bool none_later(std::span<const double> a, std::span<const double> b) {
  for (std::size_t i = a.size(); i-- > 0;) {  // ways differ most in the last frames
    if (a[i] > b[i]) return false;
  }
  return true;
}

}  // namespace

bool Front::insert(std::span<const double> times, std::uint32_t node, double bound) {
  const std::size_t frames = times.size();
  for (std::size_t i = 0; i < size(); ++i) {
    if (none_later(this->times(i, frames), times)) return false;
  }
  for (std::size_t i = size(); i-- > 0;) {
    if (none_later(times, this->times(i, frames))) remove(i, frames);
  }
  times_.insert(times_.end(), times.begin(), times.end());
  entries_.push_back({node, bound});
  return true;
}

void Front::drop_worst(std::size_t frames) {
  const auto worst = std::max_element(entries_.begin(), entries_.end(),
                                      [](const Entry& a, const Entry& b) { return a.bound < b.bound; });
  remove(static_cast<std::size_t>(worst - entries_.begin()), frames);
}

void Front::clear() {
  times_.clear();
  entries_.clear();
}

void Front::remove(std::size_t index, std::size_t frames) {
  const auto at = [frames](std::size_t i) { return static_cast<std::ptrdiff_t>(i * frames); };
  std::copy(times_.begin() + at(size() - 1), times_.end(), times_.begin() + at(index));
  times_.resize((size() - 1) * frames);
  entries_[index] = entries_.back();
  entries_.pop_back();
}

}  // namespace edge::scheduling
