// New tensors in memory that tensors before them no longer use. The kernel zeroes every new page that it
// hands out, which for outputs of some megabytes per frame costs as much as computing them.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/tensor.h"

namespace edge {

/// make() and clear() have one owner; the tensors may be dropped on any thread, before or after the recycler.
class TensorRecycler {
 public:
  static constexpr std::size_t max_free_blocks = 8;
  static constexpr std::size_t max_free_bytes = std::size_t{64} << 20;  ///< or one block that is larger
  static constexpr std::size_t min_block_bytes = std::size_t{32}
                                                 << 10;  ///< smaller tensors are left to the allocator

  TensorRecycler();

  /// Uninitialised values. Its memory comes back here when the last handle is dropped.
  Tensor make(const Shape& shape);
  /// Frees what is not in use.
  void clear();
  std::size_t free_bytes() const;

 private:
  class Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace edge
