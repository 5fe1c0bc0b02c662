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
  Compiler(const Graph& graph, const std::vector<LayerIndex>& layers, const std::vector<LayerIndex>& wanted,
           const std::function<bool(LayerIndex)>& keeps)
      : graph_(graph), keeps_(keeps), values_(static_cast<std::size_t>(graph.size())) {
    program_.layers = layers;
    program_.wanted = wanted;
  }

  Program compile(const std::function<KernelTraits(LayerIndex)>& traits) {
    check();
    fuse(traits);
    find_roots();
    for (const LayerIndex index : program_.layers) {
      if (is_head(index)) emit(index, traits(index));
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
    LayerIndex head = 0;  // the layer whose kernel makes this output: itself, unless it is fused to another
    LayerIndex add = 0;   // what this layer's kernel runs as well, 0: nothing: the addition behind it,
    LayerIndex residual = 0;    // of the output of this layer,
    LayerIndex activation = 0;  // the activation behind that,
    LayerIndex max_pool = 0;    // the pooling behind that
    LayerIndex root = 0;     // the layer whose buffer holds the value: itself, or through views what made it
    std::size_t offset = 0;  // bytes in that buffer
    bool part = false;       // the value is not all of the buffer
    int reads = 0;           // by steps to come; of roots only
    bool kept = false;       // a result; of roots only
    std::size_t buffer = no_buffer;  // of roots and parts only
  };

  Value& value(LayerIndex index) { return values_[static_cast<std::size_t>(index)]; }
  const OperationType& type(LayerIndex index) const { return graph_.layer(index).operation.type(); }
  bool is_view(LayerIndex index) const { return view_offset(graph_, index).has_value(); }
  std::optional<FusedAs> fused_as(LayerIndex index) const {
    const auto fused = type(index).fused;
    return fused != nullptr ? fused(graph_.layer(index).operation) : std::nullopt;
  }
  bool is_head(LayerIndex index) { return value(index).head == index && !is_view(index); }

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

  void fuse(const std::function<KernelTraits(LayerIndex)>& traits) {
    for (LayerIndex index = 0; index < graph_.size(); ++index) value(index).head = index;
    for (const LayerIndex index : program_.layers) {
      if (!is_head(index) || !type(index).fuses_activation) continue;
      const Fusions can = traits(index).fusions;
      const LayerIndex sum = can.residual ? fuse_add(index) : index;
      const LayerIndex activated = fuse_activation(index, sum);
      if (can.max_pool && sum == index && activated != sum) fuse_max_pool(index, activated);
    }
  }

  // Each makes `head`'s kernel run the layer behind `last` if it can, and returns the last that it runs then.

  LayerIndex fuse_add(LayerIndex head) {
    const LayerIndex add = only_consumer(head);
    if (add == 0) return head;
    const std::optional<FusedAs> fused = fused_as(add);
    if (!fused || fused->kind != FusedAs::Kind::addition) return head;
    const std::vector<LayerIndex>& addends = graph_.layer(add).inputs;
    if (addends[0] == addends[1]) return head;
    const LayerIndex other = addends[0] == head ? addends[1] : addends[0];
    const bool made_later = value(other).in_set && (value(other).head > head || is_view(other));
    if (made_later) return head;
    value(head).add = add;
    value(head).residual = other;
    value(add).head = head;
    return add;
  }

  LayerIndex fuse_activation(LayerIndex head, LayerIndex last) {
    const LayerIndex next = only_consumer(last);
    if (next == 0) return last;
    const std::optional<FusedAs> fused = fused_as(next);
    if (!fused || fused->kind != FusedAs::Kind::activation) return last;
    value(head).activation = next;
    value(next).head = head;
    return next;
  }

  void fuse_max_pool(LayerIndex head, LayerIndex last) {
    const LayerIndex pool = only_consumer(last);
    if (pool == 0 || fused_as(last)->activation != Activation::relu()) return;
    const std::optional<FusedAs> fused = fused_as(pool);
    if (!fused || fused->kind != FusedAs::Kind::halving_max_pool) return;
    // ceil_mode would add windows that reach beyond the feature map.
    const Shape& from = graph_.layer(last).output_shape;
    const Shape& to = graph_.layer(pool).output_shape;
    if (to[2] != from[2] / 2 || to[3] != from[3] / 2) return;
    value(head).max_pool = pool;
    value(pool).head = head;
  }

  void find_roots() {
    for (LayerIndex index = 0; index < graph_.size(); ++index) {
      Value& current = value(index);
      current.root = index;
      if (const auto offset = current.in_set ? view_offset(graph_, index) : std::nullopt) {
        const Value& input = value(graph_.layer(index).inputs[0]);
        current.root = input.root;
        current.offset = input.offset + static_cast<std::size_t>(*offset) * sizeof(float);
        current.part = graph_.output_bytes(index) != graph_.output_bytes(input.root);
      }
      if (current.wanted) value(current.root).kept = true;
    }
    count_reads();
  }

  /// Once all roots are known: what a kernel adds may come behind the kernel's own layer.
  void count_reads() {
    for (LayerIndex index = 0; index < graph_.size(); ++index) {
      const Value& current = value(index);
      if (!current.in_set || !is_head(index)) continue;
      for (const LayerIndex input : graph_.layer(index).inputs) ++value(value(input).root).reads;
      if (current.add != 0) ++value(value(current.residual).root).reads;
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

  /// The buffer behind a layer's output that exists already: made by an earlier step, or given.
  std::size_t root_buffer(LayerIndex layer) {
    const LayerIndex root = value(layer).root;
    if (value(root).buffer == no_buffer) {
      value(root).buffer = add_buffer(root, Program::Storage::given);
      program_.given.push_back(root);
    }
    return value(root).buffer;
  }

  /// The same, or a view of the layer's part of it.
  std::size_t existing_buffer(LayerIndex layer) {
    const std::size_t whole = root_buffer(layer);
    Value& current = value(layer);
    if (!current.part) return whole;
    if (current.buffer == no_buffer) {
      current.buffer = add_buffer(layer, Program::Storage::view);
      program_.buffers[current.buffer].whole = whole;
      program_.buffers[current.buffer].offset = current.offset;
    }
    return current.buffer;
  }

  std::size_t read(LayerIndex input) {
    program_.buffers[root_buffer(input)].last_step = static_cast<int>(program_.steps.size());
    --value(value(input).root).reads;
    return existing_buffer(input);
  }

  /// Whether the next step is the last that needs that output, which is all of its buffer.
  bool is_last_need(LayerIndex input) {
    if (value(input).part) return false;
    const Value& root = value(value(input).root);
    return root.reads == 0 && !root.kept && program_.buffers[root.buffer].storage != Program::Storage::given;
  }

  /// Whether the next step may write where that output is.
  bool may_overwrite(LayerIndex input) {
    return is_last_need(input) &&
           program_.buffers[value(value(input).root).buffer].storage != Program::Storage::kept;
  }

  /// Whether the output may lie where input 0 is: nobody needs that later, and no other input is a part of
  /// it.
  bool may_replace_first_input(LayerIndex index) {
    const std::vector<LayerIndex>& inputs = graph_.layer(index).inputs;
    const std::size_t bytes = graph_.output_bytes(inputs[0]);
    if (!may_overwrite(inputs[0]) || graph_.output_bytes(index) != bytes) return false;
    return std::all_of(inputs.begin() + 1, inputs.end(), [&](LayerIndex input) {
      return value(input).root != value(inputs[0]).root || graph_.output_bytes(input) == bytes;
    });
  }

  void emit(LayerIndex index, const KernelTraits& traits) {
    const Layer& layer = graph_.layer(index);
    const Value& fused = value(index);
    Program::Step step;
    step.layer = index;
    step.result = index;
    if (fused.add != 0) step.result = fused.add;
    if (fused.activation != 0) {
      step.result = fused.activation;
      step.activation = fused_as(fused.activation)->activation;
    }
    if (fused.max_pool != 0) step.result = fused.max_pool;
    step.max_pool = fused.max_pool != 0;
    step.workspace_bytes = traits.workspace_bytes;
    for (const LayerIndex input : layer.inputs) step.inputs.push_back(read(input));
    if (fused.add != 0) step.residual = read(fused.residual);
    const OutputPlace placement = type(index).placement;
    if (keeps_ && keeps_(step.result)) {
      step.output = add_buffer(step.result, Program::Storage::kept);
    } else if (placement == OutputPlace::in_place && may_replace_first_input(index)) {
      step.output = step.inputs[0];
    } else if (step.residual && *step.residual != step.inputs[0] && traits.fusions.residual_in_place &&
               may_overwrite(fused.residual)) {
      step.output = *step.residual;
    } else {
      step.output = add_buffer(step.result, Program::Storage::arena);
    }
    value(step.result).buffer = step.output;
    if (placement == OutputPlace::concat) make_inputs_in_place(layer, step.output);
    program_.steps.push_back(std::move(step));
  }

  /// Turns the buffers of a concat's inputs into slices of its output.
  void make_inputs_in_place(const Layer& concat, std::size_t output) {
    if (concat.output_shape[0] != 1) return;  // slices would not be contiguous
    std::size_t offset = 0;
    for (const LayerIndex input : concat.inputs) {
      const std::size_t bytes = graph_.output_bytes(input);
      Program::Buffer& buffer = program_.buffers[value(value(input).root).buffer];
      // What is kept does not move to memory that is not; the other way round is for free.
      const bool moves = buffer.storage == Program::Storage::arena ||
                         (buffer.storage == Program::Storage::kept &&
                          program_.buffers[output].storage == Program::Storage::kept);
      if (moves && is_last_need(input) && buffer.bytes == bytes) {
        buffer.storage = Program::Storage::slice;
        buffer.whole = output;
        buffer.offset = offset;
        int& first_step = program_.buffers[output].first_step;
        first_step = std::min(first_step, buffer.first_step);
      }
      offset += bytes;
    }
  }

  void collect_results() {
    for (LayerIndex index = 0; index < graph_.size(); ++index) {
      if (!value(index).wanted) continue;
      Program::Buffer& root = program_.buffers[root_buffer(index)];
      if (root.storage == Program::Storage::arena) root.storage = Program::Storage::fresh;
      program_.results.push_back({index, existing_buffer(index)});
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
  const std::function<bool(LayerIndex)>& keeps_;
  std::vector<Value> values_;
  Program program_;
};

}  // namespace

std::optional<std::int64_t> view_offset(const Graph& graph, LayerIndex index) {
  const Layer& layer = graph.layer(index);
  const auto view = layer.operation.type().view;
  if (view == nullptr) return std::nullopt;
  return view(layer.operation, graph.layer(layer.inputs[0]).output_shape);
}

Program compile_program(const Graph& graph, const std::vector<LayerIndex>& layers,
                        const std::vector<LayerIndex>& wanted,
                        const std::function<KernelTraits(LayerIndex)>& traits,
                        const std::function<bool(LayerIndex)>& keeps) {
  return Compiler(graph, layers, wanted, keeps).compile(traits);
}

}  // namespace edge
