// Places buffers that live at different times in one block of memory. Pure function, callable from any
// thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace edge {

/// A buffer that is alive from step `first` to step `last`, both included.
struct BufferRequest {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  ///< per request, in bytes, multiples of the alignment
  std::size_t bytes = 0;             ///< of the whole block
};

/// Buffers that are alive at the same step never overlap. Largest first, each into the smallest gap that fits
/// ("greedy by size" of Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
MemoryPlan plan_memory(std::span<const BufferRequest> requests, std::size_t alignment = 64);

}  // namespace edge
