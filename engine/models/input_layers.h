// Layers that change the pixels of a frame in front of a network. Pure functions, thread-safe, no errors.
#pragma once

#include <array>
#include <string>

#include "engine/graph.h"

namespace edge {

/// Of red, green, blue in [0, 1], over ImageNet: what torchvision's pretrained networks expect.
inline constexpr std::array<double, 3> imagenet_mean{0.485, 0.456, 0.406};
inline constexpr std::array<double, 3> imagenet_deviation{0.229, 0.224, 0.225};

/// (x - mean) / deviation, channel by channel.
ChannelScaleLayer channel_normalization(const std::array<double, 3>& mean,
                                        const std::array<double, 3>& deviation);

/// torchvision's transform_input: from ImageNet's mean and deviation of each channel to 0.5 and 0.5.
ChannelScaleLayer imagenet_transform_input();

/// `graph` with one more layer between the input and all that read it.
Graph with_layer_behind_input(const Graph& graph, const std::string& name, const ChannelScaleLayer& layer);

}  // namespace edge
