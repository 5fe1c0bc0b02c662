#include "engine/array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "engine/error.h"
#include "engine/tensor.h"
#include "kernels/pointwise.h"

namespace edge {
namespace {

constexpr std::align_val_t alignment{64};

std::size_t bytes_of(ElementType type, const Shape& shape) {
  const auto elements = static_cast<std::uint64_t>(shape.elements());
  constexpr std::size_t addressable = std::numeric_limits<std::size_t>::max() / 2;
  if (elements > addressable / element_bytes(type)) {
    throw Error("a tensor of " + shape.to_string() +
                " is too large for this device's address space; use smaller frames");
  }
  return static_cast<std::size_t>(elements) * element_bytes(type);
}

}  // namespace

Array::Array(const Tensor& tensor)
    : shape_(tensor.shape()),
      data_(reinterpret_cast<const std::byte*>(tensor.data())),
      storage_(tensor.storage()) {}

Array Array::reshaped(const Shape& shape) const {
  assert(shape.elements() == shape_.elements());
  return {type_, shape, data_, storage_};
}

Array Array::on_grid(std::shared_ptr<const ValueGrid> grid) const {
  assert(type_ == ElementType::f32 && grid->steps.size() == grid_channels(shape_));
  Array array = *this;
  array.grid_ = std::move(grid);
  return array;
}

FreshArray allocate_array(ElementType type, const Shape& shape) {
  // At least one byte, so that an array without elements is still not an empty handle.
  void* memory = ::operator new(std::max<std::size_t>(bytes_of(type, shape), 1), alignment);
  std::shared_ptr<const void> storage(memory,
                                      [memory](const void*) { ::operator delete(memory, alignment); });
  auto* data = static_cast<std::byte*>(memory);
  return {{type, shape, data, std::move(storage)}, data};
}

Array as_floats(const Array& array) {
  if (array.empty() || array.type() == ElementType::f32) return array;
  Tensor tensor(array.shape());
  kernels::u8_to_unit_float(kernels::active_isa(), array.octets().data(), tensor.data(), tensor.elements());
  return tensor;
}

bool bit_equal(const Array& a, const Array& b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  return a.type() == b.type() && a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

double max_relative_error(const Array& a, const Array& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a.empty() != b.empty() || a.shape() != b.shape()) return infinity;
  double largest_difference = 0;
  double largest_value = std::numeric_limits<float>::min();
  for (std::size_t i = 0; i < a.elements(); ++i) {
    const double x = a.values()[i];
    const double y = b.values()[i];
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
