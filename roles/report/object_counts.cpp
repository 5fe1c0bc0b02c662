#include "roles/report/object_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/printable.h"

namespace edge {
namespace {

constexpr std::size_t most_kinds = 3;
constexpr std::size_t longest_name = 24;

/// As far as the names of what detectors find go.
std::string plural(const std::string& name) {
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  if (ends("person")) return name.substr(0, name.size() - 6) + "people";
  if (ends("s") || ends("x") || ends("ch") || ends("sh")) return name + "es";
  return name + "s";
}

std::string count_text(int index, int count, const Labels& labels) {
  const std::string name = printable(labels.name(static_cast<std::size_t>(index)), longest_name);
  if (name.empty()) return fmt::format("{} of class {}", count, index);
  return fmt::format("{} {}", count, count == 1 ? name : plural(name));
}

}  // namespace

std::string object_counts(std::span<const detection::Detection> objects, const Labels& labels) {
  std::map<int, int> counts;
  for (const detection::Detection& object : objects) ++counts[object.class_index];
  if (counts.empty()) return "no objects";
  std::vector<std::pair<int, int>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < order.size() && i < most_kinds; ++i) {
    text += (i == 0 ? "" : ", ") + count_text(order[i].first, order[i].second, labels);
  }
  return order.size() > most_kinds ? text + ", ..." : text;
}

}  // namespace edge
