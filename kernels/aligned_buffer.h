// Uninitialised floats on a 64-byte boundary (a cache line on every CPU here). One owner; std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace edge::kernels {

class AlignedBuffer {
 public:
  explicit AlignedBuffer(std::int64_t floats)
      : data_(static_cast<float*>(
            ::operator new(static_cast<std::size_t>(floats) * sizeof(float), alignment))) {}

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Release {
    void operator()(float* data) const { ::operator delete(data, alignment); }
  };
  std::unique_ptr<float, Release> data_;
};

}  // namespace edge::kernels
