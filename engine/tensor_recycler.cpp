#include "engine/tensor_recycler.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace edge {

/// The free blocks, each kept as a tensor without further handles. Thread-safe.
class TensorRecycler::Shelf {
 public:
  Shelf() { blocks_.reserve(max_free_blocks); }

  /// The smallest block that fits and is not wastefully large, or an empty tensor.
  Tensor take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto best = blocks_.end();
    for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
      if (block->bytes() < bytes || block->bytes() / 2 > bytes) continue;
      if (best == blocks_.end() || block->bytes() < best->bytes()) best = block;
    }
    if (best == blocks_.end()) return {};
    Tensor block = std::move(*best);
    blocks_.erase(best);
    bytes_ -= block.bytes();
    return block;
  }

  /// Makes room by dropping the oldest blocks. Does not throw: it is called when a handle is dropped.
  void put(Tensor block) noexcept {
    const std::lock_guard lock(mutex_);
    while (!blocks_.empty() &&
           (blocks_.size() == max_free_blocks || bytes_ + block.bytes() > max_free_bytes)) {
      bytes_ -= blocks_.front().bytes();
      blocks_.erase(blocks_.begin());
    }
    bytes_ += block.bytes();
    blocks_.push_back(std::move(block));
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    blocks_.clear();
    bytes_ = 0;
  }

  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Tensor> blocks_;  // oldest first
  std::size_t bytes_ = 0;
};

TensorRecycler::TensorRecycler() : shelf_(std::make_shared<Shelf>()) {}

Tensor TensorRecycler::make(const Shape& shape) {
  const auto elements = static_cast<std::size_t>(shape.elements());
  if (elements < min_block_bytes / sizeof(float)) return Tensor(shape);
  Tensor block = shelf_->take(elements * sizeof(float));
  if (block.empty()) block = Tensor(shape);
  float* const data = block.data();
  // The deleter owns the block's last handle. If the recycler is gone, dropping that handle frees the memory.
  std::shared_ptr<const void> storage(
      data, [block = std::move(block), shelf = std::weak_ptr(shelf_)](const void*) mutable {
        if (const std::shared_ptr<Shelf> alive = shelf.lock()) alive->put(std::move(block));
      });
  return {shape, data, std::move(storage)};
}

void TensorRecycler::clear() {
  shelf_->clear();
}

std::size_t TensorRecycler::free_bytes() const {
  return shelf_->bytes();
}

}  // namespace edge
