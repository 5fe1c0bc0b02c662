#include "roles/report/json_values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace edge {

using Json = nlohmann::ordered_json;

double shortest(float value) {
  if (!std::isfinite(value)) {
    return value;
  }
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double result = 0;
  std::from_chars(text.data(), written.ptr, result);
  return result;
}

Json top_k_json(std::span<const std::pair<int, float>> top_k, const Labels* labels) {
  Json top = Json::array();
  for (const auto& [index, probability] : top_k) {
    const std::string_view name =
        labels != nullptr && index >= 0 ? labels->name(static_cast<std::size_t>(index)) : std::string_view();
    Json entry;
    entry["class"] = name.empty() ? Json() : Json(name);
    entry["index"] = index;
    entry["probability"] = shortest(probability);
    top.push_back(std::move(entry));
  }
  return top;
}

Json shape_json(const Shape& shape) {
  Json extents = Json::array();
  for (const std::int64_t extent : shape.extents()) extents.push_back(extent);
  return extents;
}

double milliseconds_rounded(double milliseconds) {
  return std::round(milliseconds * 1e3) / 1e3;
}

std::string checksum_text(std::uint32_t checksum) {
  return fmt::format("{:08x}", checksum);
}

}  // namespace edge
