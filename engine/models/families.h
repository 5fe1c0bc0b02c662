// The families of networks, one file each. Internal to the engine; use make_model().
#pragma once

#include <string>

#include "engine/models/models.h"

namespace edge {

Graph make_alexnet(const std::string& name, const ModelOptions& options);
Graph make_googlenet(const std::string& name, const ModelOptions& options);
Graph make_mobilenet_v2(const std::string& name, const ModelOptions& options);
/// `name`: resnet18, resnet34, resnet50 or resnet101.
Graph make_resnet(const std::string& name, const ModelOptions& options);
/// `name`: squeezenet1_0 or squeezenet1_1.
Graph make_squeezenet(const std::string& name, const ModelOptions& options);
/// `name`: vgg11, vgg13, vgg16 or vgg19, each also with _bn.
Graph make_vgg(const std::string& name, const ModelOptions& options);
Graph make_street(const std::string& name, const ModelOptions& options);
Graph make_toy_dag(const std::string& name, const ModelOptions& options);

}  // namespace edge
