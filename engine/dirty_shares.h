// What part of each layer's output a frame changes, given where the frame differs from the one before:
// through the operators' reaches (OperationType::reach), as an Executor that keeps outputs does it for the
// layers that it runs (engine/kept_outputs.h), but for the whole network and without running anything.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "kernels/dirty_map.h"

namespace edge {

/// Keeps the reaches of a graph, which must outlive it. Safe from any thread.
class DirtyShares {
 public:
  explicit DirtyShares(const Graph& graph);

  /// By layer, 0..1: the part of the positions of its output that may change; of what is no feature map, all
  /// or nothing. `frame`: where the input differs; [0] of the result is its share.
  std::vector<double> of(const kernels::DirtyMap& frame) const;

 private:
  struct Input {
    std::size_t map = 0;         ///< the layer whose map is that of the input
    std::optional<Reach> reach;  ///< nothing: any change reaches everything
  };
  struct Facts {
    std::size_t map =
        0;  ///< the layer that has the same map: itself, or one that it takes position by position
    std::int64_t rows = 1, columns = 1;
    std::vector<Input> inputs;
  };
  std::vector<Facts> facts_;
};

}  // namespace edge
