// The names of ImageNet's classes. Internal to the engine: use Labels::imagenet().
#pragma once

#include <array>
#include <string_view>

namespace edge {

extern const std::array<std::string_view, 1000> imagenet_labels;

}  // namespace edge
