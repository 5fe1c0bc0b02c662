// Runs parts of a network: any set of layers, given the tensors that come from outside of it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include "engine/graph.h"
#include "engine/tensor.h"
#include "engine/weights.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge {

/// Tensors by the layer that made them: f32, to be read only.
using TensorMap = std::map<LayerIndex, Array>;

/// Which gemm multiplies inside convolutions: our microkernels, or OpenBLAS (EDGE_GEMM=openblas).
enum class GemmBackend : std::uint8_t { edge, openblas };
/// From the environment variable EDGE_GEMM (edge | openblas), default edge. Throws Error for other values.
GemmBackend gemm_backend_from_environment();

struct ExecutorOptions {
  kernels::Isa isa = kernels::active_isa();
  GemmBackend gemm = gemm_backend_from_environment();
  int threads = 1;
  /// So much memory may hold outputs from one run to the next, so that only what changed is computed; 0: all
  /// is computed every time.
  std::size_t keep_bytes = 0;
};

/// Multiply-adds of a run.
struct ComputedShare {
  double computed = 0;  ///< of positions that may have changed
  double all = 0;
  double share() const { return all > 0 ? computed / all : 0; }
};

/// Executor::cancel() was called.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

/// Results do not depend on how layers are grouped into sets, on the number of threads, or on earlier calls:
/// layers of a set that follow each other are run by one kernel where that is the same arithmetic
/// (engine/program.h). Activations live in one planned arena whose size is the peak of the live set; outputs
/// are allocated apart, so they stay valid. With keep_bytes, outputs of the layers that ran last are kept,
/// and a run of the same layers computes only what may differ (engine/kept_outputs.h): the results are the
/// same to the bit. Parameters are loaded and packed when a layer is first run, and dropped when the layer
/// has not been part of the last `runs_until_dropped` runs. Not thread-safe: one owner.
class Executor {
 public:
  static constexpr int runs_until_dropped = 16;

  Executor(const Graph& graph, const WeightSource& weights, const ExecutorOptions& options);
  ~Executor();

  /// Runs `layers` (ascending, without the input layer; may be empty) and returns the outputs of the layers
  /// in `wanted`, each of which is in `layers` or in `given` (passed through as a handle). `given` must hold
  /// every tensor that the layers need from outside; a missing one is a std::logic_error. Throws
  /// Error if the weights' file was overwritten meanwhile. graph and weights must outlive this.
  TensorMap run(const std::vector<LayerIndex>& layers, const TensorMap& given,
                const std::vector<LayerIndex>& wanted);

  /// Layers first .. last - 1: `wanted` is the boundary in front of layer `last`.
  TensorMap run_range(LayerIndex first, LayerIndex last, const TensorMap& given);

  /// Loads and packs the parameters of these layers now, so that the first frame does not wait for it.
  void prepare(const std::vector<LayerIndex>& layers);

  /// ExecutorOptions::keep_bytes from now on; what is kept is dropped.
  void keep_outputs(std::size_t bytes);

  /// For good: a run() under way throws Cancelled behind the layer that it is at, later ones at once. From
  /// any thread.
  void cancel();

  std::size_t arena_bytes() const;      ///< planned for the set that ran last
  std::size_t parameter_bytes() const;  ///< of the layers that are loaded now
  std::size_t kept_bytes() const;       ///< of outputs that are kept now
  ComputedShare computed() const;       ///< of the last run
  int threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Seconds that each layer takes alone on this device (layer 0: 0). Runs every layer at least `min_repeats`
/// times and for at least `min_seconds`, takes the median. `progress(done, total)` is called after each
/// layer.
std::vector<double> profile_layers(Executor& executor, const Graph& graph, int min_repeats,
                                   double min_seconds,
                                   const std::function<void(int done, int total)>& progress);

}  // namespace edge
