// Weight files for the tests of roles: seeded weights of a network, as a file.
#pragma once

#include <functional>
#include <string>

#include "engine/graph.h"
#include "engine/safetensors.h"
#include "engine/weights.h"

namespace edge::test {

/// All parameters of `graph`, changed by `change`, to `file` as safetensors.
inline void save_seeded_weights(const Graph& graph, std::uint64_t seed, const std::string& file,
                                const std::function<void(NamedTensors&)>& change = {}) {
  NamedTensors tensors;
  const SeededWeights weights(seed);
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : layer.parameters)
      tensors[parameter.name] = Tensor::copy_of(weights.load(parameter));
  }
  if (change) change(tensors);
  save_safetensors(file, tensors);
}

}  // namespace edge::test
