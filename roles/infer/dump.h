// Every layer's output as a file, for comparisons with other programs.
#pragma once

#include <string>

#include "engine/executor.h"
#include "engine/graph.h"
#include "roles/infer/options.h"

namespace edge::infer {

/// Runs the layers of `range` one after the other and writes DIRECTORY/LAYER.npy of each, and of what is
/// given. Tensors that no later layer needs are dropped. One thread; throws Error: cannot be written.
void dump_layers(Executor& executor, const Graph& graph, const LayerRange& range, const TensorMap& given,
                 const std::string& directory);

}  // namespace edge::infer
