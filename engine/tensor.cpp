#include "engine/tensor.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "engine/error.h"

namespace edge {
namespace {

constexpr std::align_val_t alignment{64};

std::size_t bytes_of(const Shape& shape) {
  const std::int64_t elements = shape.elements();
  constexpr std::size_t addressable = std::numeric_limits<std::size_t>::max() / 2;
  if (static_cast<std::uint64_t>(elements) > addressable / sizeof(float)) {
    throw Error("a tensor of " + shape.to_string() +
                " is too large for this device's address space; use smaller frames");
  }
  return static_cast<std::size_t>(elements) * sizeof(float);
}

}  // namespace

Tensor::Tensor(const Shape& shape) : shape_(shape) {
  // At least one byte, so that a tensor without elements is still not an empty handle.
  void* memory = ::operator new(std::max<std::size_t>(bytes_of(shape), 1), alignment);
  storage_ =
      std::shared_ptr<const void>(memory, [memory](const void*) { ::operator delete(memory, alignment); });
  data_ = static_cast<float*>(memory);
}

Tensor::Tensor(const Shape& shape, float* data, std::shared_ptr<const void> storage)
    : shape_(shape), data_(data), storage_(std::move(storage)) {}

Tensor Tensor::zeros(const Shape& shape) {
  Tensor tensor(shape);
  std::fill_n(tensor.data_, tensor.elements(), 0.0F);
  return tensor;
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
  if (empty()) return {};
  Tensor copy(shape_);
  std::copy_n(data_, elements(), copy.data_);
  return copy;
}

bool bit_equal(const Tensor& a, const Tensor& b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

double max_relative_error(const Tensor& a, const Tensor& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a.empty() != b.empty() || a.shape() != b.shape()) return infinity;
  double largest_difference = 0;
  double largest_value = std::numeric_limits<float>::min();
  for (std::size_t i = 0; i < a.elements(); ++i) {
    const double x = a.data()[i];
    const double y = b.data()[i];
    if (std::isnan(x) != std::isnan(y)) return infinity;
    if (std::isnan(x) || x == y) {  // equal infinities have no difference
      if (std::isfinite(y)) largest_value = std::max(largest_value, std::abs(y));
      continue;
    }
    if (!std::isfinite(x) || !std::isfinite(y)) return infinity;
    largest_difference = std::max(largest_difference, std::abs(x - y));
    largest_value = std::max(largest_value, std::abs(y));
  }
  return largest_difference / largest_value;
}

}  // namespace edge
