#include "engine/memory_planner.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace edge {

MemoryPlan plan_memory(std::span<const BufferRequest> requests, std::size_t alignment) {
  const auto aligned = [&](std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; };

  std::vector<std::size_t> by_size(requests.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return requests[a].bytes > requests[b].bytes; });

  MemoryPlan plan;
  plan.offsets.resize(requests.size());
  std::vector<std::size_t> placed;  // requests with an offset, ascending by it
  for (const std::size_t current : by_size) {
    const std::size_t needed = aligned(requests[current].bytes);
    std::size_t best_offset = 0;
    std::size_t best_gap = std::numeric_limits<std::size_t>::max();
    std::size_t occupied = 0;  // end of the neighbours looked at so far
    for (const std::size_t other : placed) {
      if (requests[other].last < requests[current].first || requests[other].first > requests[current].last)
        continue;
      if (plan.offsets[other] > occupied) {
        const std::size_t gap = plan.offsets[other] - occupied;
        if (gap >= needed && gap < best_gap) {
          best_gap = gap;
          best_offset = occupied;
        }
      }
      occupied = std::max(occupied, plan.offsets[other] + aligned(requests[other].bytes));
    }
    if (best_gap == std::numeric_limits<std::size_t>::max()) best_offset = occupied;

    plan.offsets[current] = best_offset;
    plan.bytes = std::max(plan.bytes, best_offset + needed);
    const auto position =
        std::upper_bound(placed.begin(), placed.end(), best_offset,
                         [&](std::size_t offset, std::size_t other) { return offset < plan.offsets[other]; });
    placed.insert(position, current);
  }
  return plan;
}

}  // namespace edge
