#include "roles/config/model_values.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

constexpr std::int64_t max_frame_pixels = 64'000'000;

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void check_frame_size(const Extent2d& size, const std::string& where) {
  for (const std::int64_t side : {size.rows, size.columns}) {
    if (side < 1 || side > max_frame_side) {
      throw Error(fmt::format("{}: rows and columns must be 1 to {}, found {}", where, max_frame_side, side));
    }
  }
  if (size.rows * size.columns > max_frame_pixels) {
    throw Error(fmt::format("{}: {} x {} is {} million pixels; at most {} million are allowed", where,
                            size.rows, size.columns, size.rows * size.columns / 1'000'000,
                            max_frame_pixels / 1'000'000));
  }
}

Extent2d parse_frame_size(const std::string& text, const std::string& where) {
  const std::size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const auto rows = parse_integer(std::string_view(text).substr(0, cross));
    const auto columns = parse_integer(std::string_view(text).substr(cross + 1));
    if (rows && columns) {
      check_frame_size({*rows, *columns}, where);
      return {*rows, *columns};
    }
  }
  throw Error(
      fmt::format("{}: expected ROWSxCOLUMNS, for example 480x720, found {}", where, in_quotes(text)));
}

}  // namespace edge
