// A dense float32 tensor: the form of an Array that can be written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "engine/array.h"
#include "engine/shape.h"

namespace edge {

/// Row-major (NCHW) float32 values, 64-byte aligned, contiguous. A Tensor is a handle: copies and views share
/// the values, clone() copies them. Handles may be used from any thread; writing while others read is the
/// caller's affair.
class Tensor {
 public:
  Tensor() = default;                   ///< no values; shape().elements() == 0 is reported by empty()
  explicit Tensor(const Shape& shape);  ///< uninitialised values
  static Tensor zeros(const Shape& shape);
  /// A copy of an f32 array's values.
  static Tensor copy_of(const Array& array);
  /// A view of `storage` from `data` on; keeps `storage` alive.
  Tensor(const Shape& shape, float* data, std::shared_ptr<const void> storage);

  bool empty() const { return data_ == nullptr; }
  const Shape& shape() const { return shape_; }
  std::size_t elements() const { return empty() ? 0 : static_cast<std::size_t>(shape_.elements()); }
  std::size_t bytes() const { return elements() * sizeof(float); }

  float* data() { return data_; }
  const float* data() const { return data_; }
  std::span<float> values() { return {data_, elements()}; }
  std::span<const float> values() const { return {data_, elements()}; }
  const std::shared_ptr<const void>& storage() const { return storage_; }

  /// The same values under another shape with as many elements.
  Tensor reshaped(const Shape& shape) const;
  /// Elements [first, first + count) of the outermost dimension, as a view.
  Tensor slice(std::int64_t first, std::int64_t count) const;
  Tensor clone() const;

 private:
  Shape shape_;
  float* data_ = nullptr;
  std::shared_ptr<const void> storage_;
};

}  // namespace edge
