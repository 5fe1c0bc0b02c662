// What torchvision does with a frame in front of its pretrained networks. Internal to the engine; pure
// functions, thread-safe, no errors.
#pragma once

#include <string>

#include "engine/graph.h"

namespace edge {

/// (x - mean) / deviation, with the mean and deviation of each channel over ImageNet.
ChannelScaleLayer imagenet_normalization();

/// torchvision's transform_input: from ImageNet's mean and deviation of each channel to 0.5 and 0.5.
ChannelScaleLayer imagenet_transform_input();

/// `graph` with one more layer between the input and all that read it.
Graph with_layer_behind_input(const Graph& graph, const std::string& name, const ChannelScaleLayer& layer);

}  // namespace edge
