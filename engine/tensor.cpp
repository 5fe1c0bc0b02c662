#include "engine/tensor.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace edge {
Tensor::Tensor(const Shape& shape) : shape_(shape) {
  FreshArray fresh = allocate_array(ElementType::f32, shape);
  data_ = reinterpret_cast<float*>(fresh.data);
  storage_ = fresh.array.storage();
}

Tensor::Tensor(const Shape& shape, float* data, std::shared_ptr<const void> storage)
    : shape_(shape), data_(data), storage_(std::move(storage)) {}

Tensor Tensor::zeros(const Shape& shape) {
  Tensor tensor(shape);
  std::fill_n(tensor.data_, tensor.elements(), 0.0F);
  return tensor;
}

Tensor Tensor::copy_of(const Array& array) {
  if (array.empty()) return {};
  Tensor copy(array.shape());
  std::copy(array.values().begin(), array.values().end(), copy.data_);
  return copy;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  assert(shape.elements() == shape_.elements());
  return {shape, data_, storage_};
}

Tensor Tensor::slice(std::int64_t first, std::int64_t count) const {
  assert(shape_.rank() >= 1 && first >= 0 && count >= 0 && first + count <= shape_[0]);
  std::array<std::int64_t, Shape::max_rank> extents{};
  std::copy(shape_.extents().begin(), shape_.extents().end(), extents.begin());
  const std::int64_t stride = shape_[0] == 0 ? 0 : shape_.elements() / shape_[0];
  extents[0] = count;
  return {Shape(std::span<const std::int64_t>(extents.data(), shape_.rank())), data_ + first * stride,
          storage_};
}

Tensor Tensor::clone() const {
  return copy_of(*this);
}

}  // namespace edge
