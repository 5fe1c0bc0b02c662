// Uninitialised floats on a 64-byte boundary (a cache line on every CPU here). One owner; std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace edge::kernels {

class AlignedBuffer {
 public:
  /// `kept` for long: large ones are then mapped apart from the heap.
  explicit AlignedBuffer(std::int64_t floats, bool kept = false);

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }

 private:
  struct Release {
    std::size_t mapped_bytes;  ///< 0: from the heap
    void operator()(float* data) const;
  };
  std::unique_ptr<float, Release> data_;
};

}  // namespace edge::kernels
