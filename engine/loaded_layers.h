// The layers of a network that an executor has loaded: parameters packed for the kernels, until they are not
// used any more. Internal to the engine. One owner.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "engine/weights.h"
#include "kernels/thread_pool.h"

namespace edge {

class LoadedLayers {
 public:
  struct Options {
    kernels::Isa isa;
    GemmBackend gemm;
  };
  /// Both must outlive this.
  LoadedLayers(const Graph& graph, const WeightSource& weights, const Options& options);

  /// Those that are not yet; run `run` uses all of them. Throws what reading weights throws.
  void load(const std::vector<LayerIndex>& layers, std::int64_t run, kernels::ThreadPool& pool);
  /// Drops those that were not in the last runs before `run` (Executor::runs_until_dropped).
  void drop_unused(std::int64_t run);

  /// Of a layer that is loaded and has something to run.
  LayerKernel& kernel(LayerIndex index) const { return *layers_[static_cast<std::size_t>(index)].kernel; }
  std::size_t parameter_bytes() const;

 private:
  struct LoadedLayer {
    std::unique_ptr<LayerKernel> kernel;  ///< null: not loaded, or nothing to run
    std::int64_t last_run = 0;
  };
  LoadedLayer& state(LayerIndex index) { return layers_[static_cast<std::size_t>(index)]; }
  void load_one(LayerIndex index, Tensor& scratch);

  const Graph& graph_;
  const WeightSource& weights_;
  const Options options_;
  std::vector<LoadedLayer> layers_;
};

}  // namespace edge
