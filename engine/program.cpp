#include "engine/program.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/layers/operation_type.h"
#include "engine/memory_planner.h"

namespace edge {
namespace {

constexpr std::size_t no_buffer = std::numeric_limits<std::size_t>::max();

class Compiler {
 public:
  Compiler(const Graph& graph, const std::vector<LayerIndex>& layers, const std::vector<LayerIndex>& wanted)
      : graph_(graph), values_(static_cast<std::size_t>(graph.size())) {
    program_.layers = layers;
    program_.wanted = wanted;
  }

  Program compile(const std::function<KernelTraits(LayerIndex)>& traits) {
    check();
    fuse(traits);
    find_roots();
    for (const LayerIndex index : program_.layers) {
      if (!value(index).fused && value(index).root == index && !is_view(index))
        emit(index, traits(index).workspace_bytes);
    }
    collect_results();
    place();
    return std::move(program_);
  }

 private:
  /// What is known about one layer's output.
  struct Value {
    bool in_set = false;
    bool wanted = false;
    bool fused = false;       // a ReLU or pooling that its producer's kernel runs
    LayerIndex relu = 0;      // the ReLU that this layer's kernel runs, 0: none
    LayerIndex max_pool = 0;  // the pooling behind it that this layer's kernel runs, 0: none
    LayerIndex root =
        0;          // the layer whose buffer holds the value: itself, or through views the one that made it
    int reads = 0;  // by steps to come; of roots only
    bool kept = false;               // a result; of roots only
    std::size_t buffer = no_buffer;  // of roots only
  };

  Value& value(LayerIndex index) { return values_[static_cast<std::size_t>(index)]; }
  bool is_view(LayerIndex index) const { return operation_type(graph_.layer(index).operation).view; }

  void check() {
    LayerIndex previous = 0;
    for (const LayerIndex index : program_.layers) {
      if (index <= previous || index >= graph_.size()) {
        throw std::logic_error("executor: layer " + std::to_string(index) +
                               " in a set that must be ascending from 1 to " +
                               std::to_string(graph_.size() - 1));
      }
      previous = index;
      value(index).in_set = true;
    }
    for (const LayerIndex index : program_.wanted) {
      if (index < 0 || index >= graph_.size()) {
        throw std::logic_error("executor: the output of layer " + std::to_string(index) +
                               " is wanted, which does not exist");
      }
      value(index).wanted = true;
    }
  }

  /// 0 if there is not exactly one within the set, or the layer's output is wanted itself.
  LayerIndex only_consumer(LayerIndex index) {
    if (value(index).wanted) return 0;
    LayerIndex found = 0;
    for (const LayerIndex consumer : graph_.consumers(index)) {
      if (!value(consumer).in_set) continue;
      if (found != 0) return 0;
      found = consumer;
    }
    return found;
  }

  static bool halves(const Operation& operation) {
    const auto* pool = std::get_if<MaxPool2dLayer>(&operation);
    const auto both = [](const Extent2d& extent, int size) {
      return extent.rows == size && extent.columns == size;
    };
    return pool != nullptr && both(pool->kernel, 2) && both(pool->stride, 2) && both(pool->padding, 0) &&
           both(pool->dilation, 1);
  }

  void fuse(const std::function<KernelTraits(LayerIndex)>& traits) {
    for (const LayerIndex index : program_.layers) {
      if (!operation_type(graph_.layer(index).operation).fuses_relu) continue;
      const LayerIndex relu = only_consumer(index);
      if (relu == 0 || !std::holds_alternative<ReluLayer>(graph_.layer(relu).operation)) continue;
      value(index).relu = relu;
      value(relu).fused = true;
      const LayerIndex pool = only_consumer(relu);
      if (pool == 0 || !halves(graph_.layer(pool).operation) || !traits(index).fuses_max_pool) continue;
      // ceil_mode would add windows that reach beyond the feature map.
      const Shape& from = graph_.layer(relu).output_shape;
      const Shape& to = graph_.layer(pool).output_shape;
      if (to[2] != from[2] / 2 || to[3] != from[3] / 2) continue;
      value(index).max_pool = pool;
      value(pool).fused = true;
    }
  }

  void find_roots() {
    for (LayerIndex index = 0; index < graph_.size(); ++index) {
      Value& current = value(index);
      current.root = index;
      if (current.in_set && is_view(index)) current.root = value(graph_.layer(index).inputs[0]).root;
      if (current.wanted) value(current.root).kept = true;
      if (!current.in_set || current.fused || is_view(index)) continue;
      for (const LayerIndex input : graph_.layer(index).inputs) ++value(value(input).root).reads;
    }
  }

  std::size_t add_buffer(LayerIndex layer, Program::Storage storage) {
    Program::Buffer buffer;
    buffer.storage = storage;
    buffer.layer = layer;
    buffer.bytes = graph_.output_bytes(layer);
    buffer.first_step = static_cast<int>(program_.steps.size());
    buffer.last_step = buffer.first_step;
    program_.buffers.push_back(buffer);
    return program_.buffers.size() - 1;
  }

  /// The buffer of a layer's output that exists already: made by an earlier step, or given.
  std::size_t existing_buffer(LayerIndex layer) {
    const LayerIndex root = value(layer).root;
    if (value(root).buffer == no_buffer) {
      value(root).buffer = add_buffer(root, Program::Storage::given);
      program_.given.push_back(root);
    }
    return value(root).buffer;
  }

  void emit(LayerIndex index, std::size_t workspace_bytes) {
    const Layer& layer = graph_.layer(index);
    LayerIndex result = index;
    if (value(index).relu != 0) result = value(index).relu;
    if (value(index).max_pool != 0) result = value(index).max_pool;
    Program::Step step;
    step.layer = index;
    step.relu = value(index).relu != 0;
    step.max_pool = value(index).max_pool != 0;
    step.workspace_bytes = workspace_bytes;
    const int now = static_cast<int>(program_.steps.size());
    for (const LayerIndex input : layer.inputs) {
      step.inputs.push_back(existing_buffer(input));
      program_.buffers[step.inputs.back()].last_step = now;
      --value(value(input).root).reads;
    }
    const Value& first = value(value(layer.inputs[0]).root);
    const bool overwrites = operation_type(layer.operation).in_place && first.reads == 0 && !first.kept &&
                            program_.buffers[first.buffer].storage != Program::Storage::given;
    step.output = overwrites ? first.buffer : add_buffer(result, Program::Storage::arena);
    value(result).buffer = step.output;
    program_.steps.push_back(std::move(step));
  }

  void collect_results() {
    for (LayerIndex index = 0; index < graph_.size(); ++index) {
      if (!value(index).wanted) continue;
      const std::size_t buffer = existing_buffer(index);
      if (program_.buffers[buffer].storage == Program::Storage::arena) {
        program_.buffers[buffer].storage = Program::Storage::fresh;
      }
      program_.results.push_back({index, buffer});
    }
  }

  void place() {
    std::vector<BufferRequest> requests;
    std::vector<std::size_t*> offsets;
    for (Program::Buffer& buffer : program_.buffers) {
      if (buffer.storage != Program::Storage::arena) continue;
      requests.push_back({buffer.bytes, buffer.first_step, buffer.last_step});
      offsets.push_back(&buffer.offset);
    }
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      Program::Step& step = program_.steps[i];
      if (step.workspace_bytes == 0) continue;
      requests.push_back({step.workspace_bytes, static_cast<int>(i), static_cast<int>(i)});
      offsets.push_back(&step.workspace_offset);
    }
    const MemoryPlan plan = plan_memory(requests);
    for (std::size_t i = 0; i < offsets.size(); ++i) *offsets[i] = plan.offsets[i];
    program_.arena_bytes = plan.bytes;
  }

  const Graph& graph_;
  std::vector<Value> values_;
  Program program_;
};

}  // namespace

Program compile_program(const Graph& graph, const std::vector<LayerIndex>& layers,
                        const std::vector<LayerIndex>& wanted,
                        const std::function<KernelTraits(LayerIndex)>& traits) {
  return Compiler(graph, layers, wanted).compile(traits);
}

}  // namespace edge
