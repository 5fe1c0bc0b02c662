// Networks by name: torchvision's, layer for layer, and our own (docs/networks.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace edge {

struct ModelOptions {
  std::int64_t rows = 224;
  std::int64_t columns = 224;
  /// Stop after the convolutional part: torchvision's `features`; of googlenet and resnet, which have no such
  /// module, everything up to the global pooling.
  bool features_only = false;
  std::int64_t classes = 1000;  ///< outputs of the classifier; detectors know their own
  /// Begin with torchvision's transform_input, as googlenet with pretrained weights does there; only
  /// googlenet.
  bool transform_input = false;
  /// Batch norms become part of the convolutions in front of them. False: a layer for every module, to
  /// compare with PyTorch.
  bool fold_batch_norms = true;
};

/// Throws Error that lists the known names if `name` is not one of them, or if the frame is too small for the
/// network.
Graph make_model(const std::string& name, const ModelOptions& options);

/// Registered names, sorted.
std::vector<std::string> model_names();

}  // namespace edge
