// Begun plans of which none is better than another. Internal to the search for the optimum. One owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edge::scheduling {

/// When each frame of the group reaches one point of the pipeline, for several ways to get there. A way is
/// worse than another if no frame is earlier and is dropped: every later stage keeps the order of times.
class Front {
 public:
  std::size_t size() const { return entries_.size(); }
  std::span<const double> times(std::size_t index, std::size_t frames) const {
    return std::span(times_).subspan(index * frames, frames);
  }
  std::uint32_t node(std::size_t index) const { return entries_[index].node; }
  double bound(std::size_t index) const { return entries_[index].bound; }

  /// `bound`: lower bound of the group's finish. False if `times` is worse than or equal to what is there.
  bool insert(std::span<const double> times, std::uint32_t node, double bound);
  /// Drops the way with the largest bound.
  void drop_worst(std::size_t frames);
  void clear();

 private:
  struct Entry {
    std::uint32_t node;
    double bound;
  };
  void remove(std::size_t index, std::size_t frames);

  std::vector<double> times_;
  std::vector<Entry> entries_;
};

}  // namespace edge::scheduling
