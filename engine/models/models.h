// Networks by name, layer for layer torchvision's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace edge {

struct ModelOptions {
  std::int64_t rows = 224;
  std::int64_t columns = 224;
  bool features_only = false;   ///< stop after the convolutional part (torchvision's `features`)
  std::int64_t classes = 1000;  ///< outputs of the classifier
};

/// Throws Error that lists the known names if `name` is not one of them, or if the frame is too small for the
/// network.
Graph make_model(const std::string& name, const ModelOptions& options);

/// Registered names, sorted.
std::vector<std::string> model_names();

}  // namespace edge
