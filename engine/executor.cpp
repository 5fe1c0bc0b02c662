#include "engine/executor.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <list>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/kept_choice.h"
#include "engine/kept_outputs.h"
#include "engine/layers/operation_type.h"
#include "engine/loaded_layers.h"
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

struct Executor::Impl {
  static constexpr std::size_t max_programs = 8;

  struct CachedProgram {
    Program program;
    std::int64_t last_run = 0;
    std::unique_ptr<KeptOutputs> kept = nullptr;  // of the program that ran last, if outputs are kept
  };

  Impl(const Graph& graph_to_run, const WeightSource& weight_source, const ExecutorOptions& executor_options)
      : graph(graph_to_run),
        weights(weight_source),
        options(executor_options),
        pool(executor_options.threads),
        loaded(graph_to_run, weight_source, {.isa = executor_options.isa, .gemm = executor_options.gemm}) {}

  /// Drops parameters and programs that were not used for a while.
  void drop_unused() {
    loaded.drop_unused(runs);
    std::erase_if(programs,
                  [&](const CachedProgram& cached) { return runs - cached.last_run >= runs_until_dropped; });
  }

  /// The layers must be loaded. The reference is valid until the next call.
  CachedProgram& program_for(const std::vector<LayerIndex>& layers, const std::vector<LayerIndex>& wanted) {
    for (CachedProgram& cached : programs) {
      if (cached.program.layers != layers || cached.program.wanted != wanted) continue;
      cached.last_run = runs;
      return cached;
    }
    if (programs.size() == max_programs) {
      programs.erase(std::min_element(programs.begin(), programs.end(),
                                      [](const auto& a, const auto& b) { return a.last_run < b.last_run; }));
    }
    recycler.clear();  // sizes change with the set
    const auto traits = [&](LayerIndex index) {
      const LayerKernel& kernel = loaded.kernel(index);
      return KernelTraits{kernel.workspace_floats(pool.threads()) * sizeof(float), kernel.fusions()};
    };
    programs.push_back({compile_program(graph, layers, wanted, traits, keeps(layers, wanted, traits)), runs});
    return programs.back();
  }

  bool keeps_outputs() const {
    return options.keep_bytes > 0 && graph.layer(0).output_shape.rank() > 0 &&
           graph.layer(0).output_shape[0] == 1;
  }

  /// Which results are kept; nothing: none.
  std::function<bool(LayerIndex)> keeps(const std::vector<LayerIndex>& layers,
                                        const std::vector<LayerIndex>& wanted,
                                        const std::function<KernelTraits(LayerIndex)>& traits) const {
    if (!keeps_outputs()) return {};
    const Program all = compile_program(graph, layers, wanted, traits, [](LayerIndex) { return true; });
    return [kept = choose_kept(graph, all, options.keep_bytes)](LayerIndex result) {
      return std::binary_search(kept.begin(), kept.end(), result);
    };
  }

  /// The kept outputs of the program that is to run; those of all others are dropped.
  KeptOutputs* kept_outputs(CachedProgram& to_run) {
    if (!keeps_outputs()) return nullptr;
    for (CachedProgram& cached : programs) {
      if (&cached != &to_run) cached.kept.reset();
    }
    if (to_run.kept == nullptr) {
      to_run.kept = std::make_unique<KeptOutputs>(
          graph, to_run.program, [&](LayerIndex index) { return loaded.kernel(index).runs_part(); });
    }
    return to_run.kept.get();
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

  /// Where a run's buffers are.
  struct Places {
    std::vector<Array> tensors;  ///< behind each buffer that is handed out, unless it is kept
    std::vector<float*> data;
    std::vector<const float*> readable;
  };

  Places places_of(const Program& program, const TensorMap& given, KeptOutputs* kept) {
    const std::size_t count = program.buffers.size();
    Places places{std::vector<Array>(count), std::vector<float*>(count), std::vector<const float*>(count)};
    Tensor fresh;
    for (std::size_t i = 0; i < count; ++i) {
      const Program::Buffer& buffer = program.buffers[i];
      switch (buffer.storage) {
        case Program::Storage::given:
          places.readable[i] = given_data(given, buffer.layer);
          places.tensors[i] = given.at(buffer.layer);
          continue;
        case Program::Storage::arena:
          places.data[i] = in_arena(buffer.offset);
          break;
        case Program::Storage::fresh:
          fresh = recycler.make(graph.layer(buffer.layer).output_shape);
          places.data[i] = fresh.data();
          places.tensors[i] = std::exchange(fresh, {});
          break;
        case Program::Storage::kept:
          places.data[i] = kept->data(i);
          break;
        case Program::Storage::slice:
        case Program::Storage::view:
          continue;
      }
      places.readable[i] = places.data[i];
    }
    for (std::size_t i = count; i-- > 0;) {
      const Program::Buffer& buffer = program.buffers[i];
      if (buffer.storage != Program::Storage::slice) continue;
      places.data[i] = places.data[buffer.whole] + buffer.offset / sizeof(float);
      places.readable[i] = places.data[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Program::Buffer& buffer = program.buffers[i];
      if (buffer.storage != Program::Storage::view) continue;
      places.readable[i] = places.readable[buffer.whole] + buffer.offset / sizeof(float);
      const Array& whole = places.tensors[buffer.whole];
      if (whole.empty()) continue;
      places.tensors[i] = {ElementType::f32, graph.layer(buffer.layer).output_shape,
                           whole.data() + buffer.offset, whole.storage()};
    }
    return places;
  }

  float* in_arena(std::size_t offset) {
    return reinterpret_cast<float*>(reinterpret_cast<unsigned char*>(arena.data()) + offset);
  }

  void run_step(const Program::Step& step, const Places& places, const kernels::DirtyMap* dirty) {
    std::vector<const float*> inputs;
    for (const std::size_t input : step.inputs) inputs.push_back(places.readable[input]);
    KernelArguments arguments;
    arguments.inputs = inputs;
    arguments.output = places.data[step.output];
    if (step.residual) arguments.residual = places.readable[*step.residual];
    arguments.activation = step.activation;
    arguments.max_pool = step.max_pool;
    arguments.dirty = dirty;
    if (step.workspace_bytes > 0) {
      arguments.workspace = {in_arena(step.workspace_offset), step.workspace_bytes / sizeof(float)};
    }
    loaded.kernel(step.layer).run(arguments, pool);
  }

  /// Only what may differ from the run before.
  void run_changed(const Program& program, const Places& places, KeptOutputs& kept) {
    for (std::size_t i = 0; i < program.steps.size(); ++i) {
      if (cancelled) throw Cancelled();
      const KeptOutputs::StepPlan& plan = kept.plan(i);
      if (plan.work == KeptOutputs::Work::none) continue;
      const auto begin = std::chrono::steady_clock::now();
      run_step(program.steps[i], places, plan.work == KeptOutputs::Work::part ? &plan.dirty : nullptr);
      kept.took(i, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
  }

  /// A result whose memory stays here is copied, or is the same as before.
  Array kept_result(const Program& program, const Program::Result& result, std::size_t index,
                    const Places& places, const KeptOutputs& kept) {
    const Array& made = places.tensors[result.buffer];
    const bool same = !kept.changed(result.buffer) && !kept.last_result(index).empty();
    const bool passed_on = program.buffers[program.root(result.buffer)].storage == Program::Storage::given;
    if (passed_on) return made;
    if (same) return kept.last_result(index);
    if (!made.empty()) return made;
    Tensor copy = recycler.make(graph.layer(result.layer).output_shape);
    std::memcpy(copy.data(), places.readable[result.buffer], copy.bytes());
    return copy;
  }

  TensorMap run(const std::vector<LayerIndex>& layers, const TensorMap& given,
                const std::vector<LayerIndex>& wanted) {
    ++runs;
    loaded.load(layers, runs, pool);
    drop_unused();
    CachedProgram& cached = program_for(layers, wanted);
    const Program& program = cached.program;
    fit_arena();
    arena_bytes = program.arena_bytes;
    KeptOutputs* const kept = kept_outputs(cached);
    const Places places = places_of(program, given, kept);

    std::vector<Array> made;
    if (kept != nullptr) {
      kept->begin(given);
      run_changed(program, places, *kept);
      for (std::size_t i = 0; i < program.results.size(); ++i) {
        made.push_back(kept_result(program, program.results[i], i, places, *kept));
      }
      weights.check_unchanged();
      computed = kept->share();
      kept->finish(made);
    } else {
      computed = {};
      for (const Program::Step& step : program.steps) {
        if (cancelled) throw Cancelled();
        run_step(step, places, nullptr);
        computed.all += static_cast<double>(graph.layer(step.layer).macs);
      }
      computed.computed = computed.all;
      for (const Program::Result& result : program.results) made.push_back(places.tensors[result.buffer]);
      weights.check_unchanged();  // layers may use the values where they are
    }

    TensorMap results;
    for (std::size_t i = 0; i < program.results.size(); ++i) {
      const LayerIndex layer = program.results[i].layer;
      results.emplace(layer, made[i].reshaped(graph.layer(layer).output_shape));
    }
    return results;
  }

  const Graph& graph;
  const WeightSource& weights;
  ExecutorOptions options;
  kernels::ThreadPool pool;
  LoadedLayers loaded;
  std::list<CachedProgram> programs;  // whose elements stay where they are
  TensorRecycler recycler;
  Tensor arena;
  std::size_t arena_bytes = 0;
  ComputedShare computed;
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
  impl_->loaded.load(layers, impl_->runs, impl_->pool);
}

void Executor::keep_outputs(std::size_t bytes) {
  impl_->options.keep_bytes = bytes;
  impl_->programs.clear();
}

void Executor::cancel() {
  impl_->cancelled = true;
}

std::size_t Executor::arena_bytes() const {
  return impl_->arena_bytes;
}

std::size_t Executor::parameter_bytes() const {
  return impl_->loaded.parameter_bytes();
}

std::size_t Executor::kept_bytes() const {
  std::size_t bytes = 0;
  for (const Impl::CachedProgram& cached : impl_->programs) {
    if (cached.kept != nullptr) bytes += cached.kept->bytes();
  }
  return bytes;
}

ComputedShare Executor::computed() const {
  return impl_->computed;
}

int Executor::threads() const {
  return impl_->pool.threads();
}

}  // namespace edge
