// A set of layers compiled for the executor: which kernels run in which order on which buffers. Internal to
// the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/graph.h"
#include "engine/layers/operation_type.h"

namespace edge {

struct Program {
  enum class Storage : std::uint8_t {
    given,  ///< a tensor of the caller; never written
    arena,  ///< at `offset` of the arena
    fresh,  ///< a new tensor, handed out as a result
    kept,   ///< memory of its own, where the values stay from one run to the next
    slice,  ///< at `offset` of the buffer `whole`, which comes later in `buffers`
    view    ///< likewise of a buffer that comes earlier; read only
  };
  struct Buffer {
    Storage storage = Storage::arena;
    LayerIndex layer = 0;  ///< whose output it holds first
    std::size_t bytes = 0;
    std::size_t offset = 0;
    std::size_t whole = 0;
    int first_step = 0;  ///< alive from here ...
    int last_step = 0;   ///< ... to here (arena buffers)
  };
  struct Step {
    LayerIndex layer = 0;                 ///< whose kernel runs
    LayerIndex result = 0;                ///< whose output it makes, by the layers below that it runs as well
    std::optional<std::size_t> residual;  ///< buffer that the `add` behind it adds
    Activation activation = {};           ///< the one behind that
    bool max_pool = false;                ///< the 2x2 max pooling behind that
    std::vector<std::size_t> inputs;      ///< buffers
    /// Buffer; may be inputs[0] if the operation is in place, or `residual` if the kernel can.
    std::size_t output = 0;
    std::size_t workspace_bytes = 0;
    std::size_t workspace_offset = 0;  ///< in the arena
  };
  struct Result {
    LayerIndex layer = 0;
    std::size_t buffer = 0;
  };

  /// The buffer that a view is a part of; any other is its own.
  std::size_t root(std::size_t buffer) const {
    return buffers[buffer].storage == Storage::view ? buffers[buffer].whole : buffer;
  }

  std::vector<LayerIndex> layers;
  std::vector<LayerIndex> wanted;
  std::vector<LayerIndex> given;  ///< tensors that it needs from outside
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<Result> results;
  std::size_t arena_bytes = 0;
};

/// How many elements into input 0's output the layer's lies, if it is a view of it: nothing is run then.
std::optional<std::int64_t> view_offset(const Graph& graph, LayerIndex index);

/// What the compiler asks about a layer's kernel.
struct KernelTraits {
  std::size_t workspace_bytes = 0;  ///< while it runs
  Fusions fusions = {};
};

/// Throws std::logic_error if `layers` is not ascending or names no layer of the graph.
/// - A kernel runs the layer that follows its own as well, if it can (OperationType, Fusions), that layer is
///   the only consumer within the set, and the output between them is not wanted: an addition whose other
///   addend is made before, then an activation, then behind a ReLU a 2x2 max pooling of stride 2.
/// - Views (flatten, dropout, slices in one piece) share the buffer of their input.
/// - An operation that may overwrite its input does so if that has the output's size and nobody needs it
/// later.
/// - What a concatenation puts together is made at its place in the output, if nobody needs it later.
/// - Outputs of steps whose result `keeps` names are kept: nothing else is ever written there.
Program compile_program(const Graph& graph, const std::vector<LayerIndex>& layers,
                        const std::vector<LayerIndex>& wanted,
                        const std::function<KernelTraits(LayerIndex)>& traits,
                        const std::function<bool(LayerIndex result)>& keeps = {});

}  // namespace edge
