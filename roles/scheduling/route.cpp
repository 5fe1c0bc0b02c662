#include "roles/scheduling/route.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace edge::scheduling {

std::string to_string(const Route& route) {
  if (route.size() == 1) return fmt::format("worker {}", route.front());
  const Route front(route.begin(), route.end() - (route.empty() ? 0 : 1));
  return fmt::format("workers {} and {}", fmt::join(front, ", "), route.back());
}

bool has_link(const Route& route, int from, int to) {
  const auto at = std::find(route.begin(), route.end(), to);
  if (at == route.end()) return false;
  return from == (at == route.begin() ? -1 : *(at - 1));
}

Plan narrowed(const Plan& plan, const Route& route) {
  assert(!route.empty() && route.back() < plan.workers());
  Plan narrow;
  for (std::size_t i = 1; i < route.size(); ++i) narrow.ends.push_back(plan.begin(route[i]));
  narrow.ends.push_back(plan.ends.back());
  return narrow;
}

Plan widened(const Plan& plan, const Route& route, int workers) {
  assert(plan.ends.size() == route.size());
  Plan wide;
  LayerIndex end = 1;
  std::size_t next = 0;
  for (int worker = 0; worker < workers; ++worker) {
    if (next < route.size() && route[next] == worker) end = plan.ends[next++];
    wide.ends.push_back(end);
  }
  return wide;
}

}  // namespace edge::scheduling
