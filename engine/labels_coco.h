// The names of COCO's classes. Internal to the engine: use Labels::coco().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge {

extern const std::array<std::string_view, 80> coco_labels;
/// The number of each in COCO's annotations, ascending, at most 90: some numbers were never used.
extern const std::array<std::uint8_t, 80> coco_numbers;

}  // namespace edge
