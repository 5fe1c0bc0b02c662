// The families of networks, one file each. Internal to the engine; use make_model().
#pragma once

#include <string>

#include "engine/models/models.h"

namespace edge {

Graph make_alexnet(const std::string& name, const ModelOptions& options);
/// `name`: vgg11, vgg13, vgg16 or vgg19.
Graph make_vgg(const std::string& name, const ModelOptions& options);
Graph make_toy_dag(const std::string& name, const ModelOptions& options);

}  // namespace edge
