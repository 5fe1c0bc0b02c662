#include "engine/loaded_layers.h"

#include <malloc.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "engine/openblas.h"
#include "engine/program.h"
#include "engine/tensor.h"

namespace edge {
namespace {

std::int64_t parameter_elements(const Layer& layer) {
  std::int64_t elements = 0;
  for (const ParameterSpec& parameter : layer.parameters) elements += parameter.shape.elements();
  return elements;
}

}  // namespace

LoadedLayers::LoadedLayers(const Graph& graph, const WeightSource& weights, const Options& options)
    : graph_(graph), weights_(weights), options_(options), layers_(static_cast<std::size_t>(graph.size())) {}

void LoadedLayers::load(const std::vector<LayerIndex>& layers, std::int64_t run, kernels::ThreadPool& pool) {
  weights_.check_unchanged();
  std::vector<LayerIndex> missing;
  for (const LayerIndex index : layers) {
    if (index < 1 || index >= graph_.size())
      throw std::logic_error("executor: no layer " + std::to_string(index));
    state(index).last_run = run;
    if (state(index).kernel == nullptr && !view_offset(graph_, index)) missing.push_back(index);
  }
  if (missing.empty()) return;
  // The largest first, so that no thread is left with a large one at the end.
  std::stable_sort(missing.begin(), missing.end(), [&](LayerIndex a, LayerIndex b) {
    return parameter_elements(graph_.layer(a)) > parameter_elements(graph_.layer(b));
  });
  std::vector<Tensor> scratch(static_cast<std::size_t>(pool.threads()));
  pool.parallel_for(static_cast<std::int64_t>(missing.size()), [&](std::int64_t i, int thread) {
    load_one(missing[static_cast<std::size_t>(i)], scratch[static_cast<std::size_t>(thread)]);
  });
  weights_.check_unchanged();
  scratch.clear();
#if defined(__GLIBC__)
  // Weights before they were packed leave holes in the heap: up to 8 MB with MobileNetV2.
  ::malloc_trim(0);
#endif
}

/// From pool threads, each with its own layer.
void LoadedLayers::load_one(LayerIndex index, Tensor& scratch) {
  const Layer& layer = graph_.layer(index);
  KernelContext context{
      .layer = layer, .input_shapes = {}, .weights = weights_, .isa = options_.isa, .scratch = &scratch};
  for (const LayerIndex input : layer.inputs)
    context.input_shapes.push_back(graph_.layer(input).output_shape);
  if (options_.gemm == GemmBackend::openblas) {
    load_openblas();
    context.external_gemm = openblas_sgemm;
  }
  state(index).kernel = layer.operation.type().make_kernel(context);
}

void LoadedLayers::drop_unused(std::int64_t run) {
  for (LoadedLayer& layer : layers_) {
    if (run - layer.last_run >= Executor::runs_until_dropped) layer.kernel.reset();
  }
}

std::size_t LoadedLayers::parameter_bytes() const {
  std::size_t bytes = 0;
  for (const LoadedLayer& layer : layers_) {
    if (layer.kernel != nullptr) bytes += layer.kernel->parameter_bytes();
  }
  return bytes;
}

}  // namespace edge
