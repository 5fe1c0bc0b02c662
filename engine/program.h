// A set of layers compiled for the executor: which kernels run in which order on which buffers. Internal to
// the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/graph.h"

namespace edge {

struct Program {
  enum class Storage : std::uint8_t {
    given,  ///< a tensor of the caller; never written
    arena,  ///< at `offset` of the arena
    fresh   ///< a new tensor, handed out as a result
  };
  struct Buffer {
    Storage storage = Storage::arena;
    LayerIndex layer = 0;  ///< whose output it holds first
    std::size_t bytes = 0;
    std::size_t offset = 0;
    int first_step = 0;  ///< alive from here ...
    int last_step = 0;   ///< ... to here (arena buffers)
  };
  struct Step {
    LayerIndex layer = 0;             ///< whose kernel runs
    bool relu = false;                ///< and ends with the ReLU that follows it
    bool max_pool = false;            ///< and then with the 2x2 max pooling that follows that
    std::vector<std::size_t> inputs;  ///< buffers
    std::size_t output = 0;           ///< buffer; may be inputs[0] if the operation is in place
    std::size_t workspace_bytes = 0;
    std::size_t workspace_offset = 0;  ///< in the arena
  };
  struct Result {
    LayerIndex layer = 0;
    std::size_t buffer = 0;
  };

  std::vector<LayerIndex> layers;
  std::vector<LayerIndex> wanted;
  std::vector<LayerIndex> given;  ///< tensors that it needs from outside
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<Result> results;
  std::size_t arena_bytes = 0;
};

/// What the compiler asks about a layer's kernel.
struct KernelTraits {
  std::size_t workspace_bytes = 0;  ///< while it runs
  bool fuses_max_pool = false;
};

/// Throws std::logic_error if `layers` is
/// not ascending or names no layer of the graph.
/// - A ReLU that is the only consumer, within the set, of a layer whose kernel can end with one is run by
/// that kernel,
///   unless the layer's own output is wanted.
/// - A 2x2 max pooling of stride 2 that is in turn the only consumer of that ReLU is run by that kernel as
/// well, if
///   it can.
/// - Views (flatten, dropout) share the buffer of their input.
/// - An operation that may overwrite its input does so if nobody needs the input later.
Program compile_program(const Graph& graph, const std::vector<LayerIndex>& layers,
                        const std::vector<LayerIndex>& wanted,
                        const std::function<KernelTraits(LayerIndex)>& traits);

}  // namespace edge
