#include "engine/executor.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "engine/openblas.h"
#include "engine/program.h"
#include "engine/tensor.h"
#include "engine/tensor_recycler.h"

namespace edge {

GemmBackend gemm_backend_from_environment() {
  const char* const value = std::getenv("EDGE_GEMM");
  const std::string name = value == nullptr ? "edge" : value;
  if (name == "edge") return GemmBackend::edge;
  if (name == "openblas") return GemmBackend::openblas;
  throw Error("EDGE_GEMM is '" + name + "'; it can be edge or openblas");
}

namespace {

std::int64_t parameter_elements(const Layer& layer) {
  std::int64_t elements = 0;
  for (const ParameterSpec& parameter : layer.parameters) elements += parameter.shape.elements();
  return elements;
}

}  // namespace

struct Executor::Impl {
  static constexpr std::size_t max_programs = 8;

  struct LoadedLayer {
    std::unique_ptr<LayerKernel> kernel;  // null: not loaded, or nothing to run
    std::int64_t last_run = 0;
  };
  struct CachedProgram {
    Program program;
    std::int64_t last_run = 0;
  };

  Impl(const Graph& graph_to_run, const WeightSource& weight_source, const ExecutorOptions& executor_options)
      : graph(graph_to_run),
        weights(weight_source),
        options(executor_options),
        pool(executor_options.threads),
        loaded(static_cast<std::size_t>(graph_to_run.size())) {}

  LoadedLayer& layer_state(LayerIndex index) { return loaded[static_cast<std::size_t>(index)]; }

  void load(const std::vector<LayerIndex>& layers) {
    weights.check_unchanged();
    std::vector<LayerIndex> missing;
    for (const LayerIndex index : layers) {
      if (index < 1 || index >= graph.size())
        throw std::logic_error("executor: no layer " + std::to_string(index));
      LoadedLayer& state = layer_state(index);
      state.last_run = runs;
      if (state.kernel == nullptr && !view_offset(graph, index)) missing.push_back(index);
    }
    if (missing.empty()) return;
    // The largest first, so that no thread is left with a large one at the end.
    std::stable_sort(missing.begin(), missing.end(), [&](LayerIndex a, LayerIndex b) {
      return parameter_elements(graph.layer(a)) > parameter_elements(graph.layer(b));
    });
    std::vector<Tensor> scratch(static_cast<std::size_t>(pool.threads()));
    pool.parallel_for(static_cast<std::int64_t>(missing.size()), [&](std::int64_t i, int thread) {
      load(missing[static_cast<std::size_t>(i)], scratch[static_cast<std::size_t>(thread)]);
    });
    weights.check_unchanged();
    scratch.clear();
#if defined(__GLIBC__)
    // Weights before they were packed leave holes in the heap: up to 8 MB with MobileNetV2.
    ::malloc_trim(0);
#endif
  }

  /// One layer that is not loaded. From pool threads, each with its own layer.
  void load(LayerIndex index, Tensor& scratch) {
    const Layer& layer = graph.layer(index);
    KernelContext context{
        .layer = layer, .input_shapes = {}, .weights = weights, .isa = options.isa, .scratch = &scratch};
    for (const LayerIndex input : layer.inputs)
      context.input_shapes.push_back(graph.layer(input).output_shape);
    if (options.gemm == GemmBackend::openblas) {
      load_openblas();
      context.external_gemm = openblas_sgemm;
    }
    layer_state(index).kernel = layer.operation.type().make_kernel(context);
  }

  /// Drops parameters and programs that were not used for a while.
  void drop_unused() {
    const auto unused = [&](std::int64_t last_run) { return runs - last_run >= runs_until_dropped; };
    for (LoadedLayer& state : loaded) {
      if (unused(state.last_run)) state.kernel.reset();
    }
    std::erase_if(programs, [&](const CachedProgram& cached) { return unused(cached.last_run); });
  }

  /// The layers must be loaded. The reference is valid until the next call.
  const Program& program_for(const std::vector<LayerIndex>& layers, const std::vector<LayerIndex>& wanted) {
    for (CachedProgram& cached : programs) {
      if (cached.program.layers != layers || cached.program.wanted != wanted) continue;
      cached.last_run = runs;
      return cached.program;
    }
    if (programs.size() == max_programs) {
      programs.erase(std::min_element(programs.begin(), programs.end(),
                                      [](const auto& a, const auto& b) { return a.last_run < b.last_run; }));
    }
    recycler.clear();  // sizes change with the set
    const auto traits = [&](LayerIndex index) {
      const LayerKernel& kernel = *layer_state(index).kernel;
      return KernelTraits{kernel.workspace_floats(pool.threads()) * sizeof(float), kernel.fusions()};
    };
    programs.push_back({compile_program(graph, layers, wanted, traits), runs});
    return programs.back().program;
  }

  /// As large as the largest of the cached programs needs.
  void fit_arena() {
    std::size_t bytes = 0;
    for (const CachedProgram& cached : programs) bytes = std::max(bytes, cached.program.arena_bytes);
    if (bytes == arena.bytes()) return;
    arena = Tensor();  // before the new one is allocated
    if (bytes > 0) arena = Tensor(Shape{static_cast<std::int64_t>(bytes / sizeof(float))});
  }

  /// The given tensor's data; checks that it is there and fits.
  const float* given_data(const TensorMap& given, LayerIndex index) const {
    const auto found = given.find(index);
    const Layer& layer = graph.layer(index);
    const std::string what =
        "executor: the output of layer " + std::to_string(index) + " (" + layer.name + ")";
    if (found == given.end() || found->second.empty())
      throw std::logic_error(what + " is needed but not given");
    if (found->second.shape() != layer.output_shape) {
      throw std::logic_error(what + " is given as " + found->second.shape().to_string() + " instead of " +
                             layer.output_shape.to_string());
    }
    if (found->second.type() != ElementType::f32)
      throw std::logic_error(what + " is given as " + element_type_entry(found->second.type()).name);
    return found->second.values().data();
  }

  TensorMap run(const std::vector<LayerIndex>& layers, const TensorMap& given,
                const std::vector<LayerIndex>& wanted) {
    ++runs;
    load(layers);
    drop_unused();
    const Program& program = program_for(layers, wanted);
    fit_arena();
    arena_bytes = program.arena_bytes;

    // The result tensor behind each buffer that is handed out, and where each buffer is.
    std::vector<Array> tensors(program.buffers.size());
    Tensor fresh;
    std::vector<float*> data(program.buffers.size());
    std::vector<const float*> readable(program.buffers.size());
    auto* const arena_begin = reinterpret_cast<unsigned char*>(arena.data());
    const auto in_arena = [&](std::size_t offset) { return reinterpret_cast<float*>(arena_begin + offset); };
    for (std::size_t i = 0; i < program.buffers.size(); ++i) {
      const Program::Buffer& buffer = program.buffers[i];
      switch (buffer.storage) {
        case Program::Storage::given:
          readable[i] = given_data(given, buffer.layer);
          tensors[i] = given.at(buffer.layer);
          continue;
        case Program::Storage::arena:
          data[i] = in_arena(buffer.offset);
          break;
        case Program::Storage::fresh:
          fresh = recycler.make(graph.layer(buffer.layer).output_shape);
          data[i] = fresh.data();
          tensors[i] = std::exchange(fresh, {});
          break;
        case Program::Storage::slice:
        case Program::Storage::view:
          continue;
      }
      readable[i] = data[i];
    }
    for (std::size_t i = program.buffers.size(); i-- > 0;) {
      const Program::Buffer& buffer = program.buffers[i];
      if (buffer.storage != Program::Storage::slice) continue;
      data[i] = data[buffer.whole] + buffer.offset / sizeof(float);
      readable[i] = data[i];
    }
    for (std::size_t i = 0; i < program.buffers.size(); ++i) {
      const Program::Buffer& buffer = program.buffers[i];
      if (buffer.storage != Program::Storage::view) continue;
      readable[i] = readable[buffer.whole] + buffer.offset / sizeof(float);
      const Array& whole = tensors[buffer.whole];
      if (whole.empty()) continue;
      tensors[i] = {ElementType::f32, graph.layer(buffer.layer).output_shape, whole.data() + buffer.offset,
                    whole.storage()};
    }

    std::vector<const float*> inputs;
    for (const Program::Step& step : program.steps) {
      if (cancelled) throw Cancelled();
      inputs.clear();
      for (const std::size_t input : step.inputs) inputs.push_back(readable[input]);
      KernelArguments arguments;
      arguments.inputs = inputs;
      arguments.output = data[step.output];
      if (step.residual) arguments.residual = readable[*step.residual];
      arguments.activation = step.activation;
      arguments.max_pool = step.max_pool;
      if (step.workspace_bytes > 0) {
        arguments.workspace = {in_arena(step.workspace_offset), step.workspace_bytes / sizeof(float)};
      }
      layer_state(step.layer).kernel->run(arguments, pool);
    }
    weights.check_unchanged();  // layers may use the values where they are

    TensorMap results;
    for (const Program::Result& result : program.results) {
      results.emplace(result.layer, tensors[result.buffer].reshaped(graph.layer(result.layer).output_shape));
    }
    return results;
  }

  const Graph& graph;
  const WeightSource& weights;
  ExecutorOptions options;
  kernels::ThreadPool pool;
  std::vector<LoadedLayer> loaded;
  std::vector<CachedProgram> programs;
  TensorRecycler recycler;
  Tensor arena;
  std::size_t arena_bytes = 0;
  std::int64_t runs = 0;
  std::atomic<bool> cancelled{false};
};

Executor::Executor(const Graph& graph, const WeightSource& weights, const ExecutorOptions& options)
    : impl_(std::make_unique<Impl>(graph, weights, options)) {}

Executor::~Executor() = default;

TensorMap Executor::run(const std::vector<LayerIndex>& layers, const TensorMap& given,
                        const std::vector<LayerIndex>& wanted) {
  return impl_->run(layers, given, wanted);
}

TensorMap Executor::run_range(LayerIndex first, LayerIndex last, const TensorMap& given) {
  assert(first >= 1 && first <= last);
  std::vector<LayerIndex> layers(static_cast<std::size_t>(last - first));
  std::iota(layers.begin(), layers.end(), first);
  return run(layers, given, impl_->graph.boundary(last));
}

void Executor::prepare(const std::vector<LayerIndex>& layers) {
  impl_->load(layers);
}

void Executor::cancel() {
  impl_->cancelled = true;
}

std::size_t Executor::arena_bytes() const {
  return impl_->arena_bytes;
}

std::size_t Executor::parameter_bytes() const {
  std::size_t bytes = 0;
  for (const Impl::LoadedLayer& state : impl_->loaded) {
    if (state.kernel != nullptr) bytes += state.kernel->parameter_bytes();
  }
  return bytes;
}

int Executor::threads() const {
  return impl_->pool.threads();
}

}  // namespace edge
