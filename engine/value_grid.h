// What values are rounded to on their way between workers: per channel to multiples of a step. Plain data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/shape.h"

namespace edge {

/// How tensors travel between workers ([net] values).
enum class ValueFormat : std::uint8_t { exact, float16, int8 };

inline constexpr std::array<std::string_view, 3> value_format_names = {"exact", "float16", "int8"};
constexpr std::string_view value_format_name(ValueFormat format) {
  return value_format_names[static_cast<std::size_t>(format)];
}

constexpr std::optional<ValueFormat> value_format_of(std::string_view name) {
  for (std::size_t i = 0; i < value_format_names.size(); ++i) {
    if (value_format_names[i] == name) return static_cast<ValueFormat>(i);
  }
  return std::nullopt;
}

/// A tensor's channels as far as rounding knows them: its first two extents together (N x C); one for all of
/// a tensor whose channels are of hardly any elements.
inline std::size_t grid_channels(const Shape& shape) {
  constexpr std::int64_t least_elements = 16;
  if (shape.rank() < 3) return 1;
  const std::int64_t channels = shape[0] * shape[1];
  return channels > 0 && shape.elements() / channels >= least_elements ? static_cast<std::size_t>(channels)
                                                                       : 1;
}

/// All values of channel c are multiples of its step, but for a few that are too large for that, infinite or
/// NaN.
struct ValueGrid {
  ValueFormat format = ValueFormat::int8;  ///< not exact
  std::vector<std::int8_t> steps;          ///< one per channel: kernels::size_of_step()
  std::vector<std::uint8_t> is_signed;     ///< int8: 1 if the channel has negative values
};

}  // namespace edge
