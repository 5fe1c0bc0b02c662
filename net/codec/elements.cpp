#include "net/codec/elements.h"

#include <algorithm>
#include <cassert>
#include <new>

#include "kernels/pointwise.h"

namespace edge::net {

FreshElements allocate_elements(ElementType type, const Shape& shape) {
  constexpr std::align_val_t alignment{64};
  const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * element_bytes(type);
  void* memory = ::operator new(std::max<std::size_t>(bytes, 1), alignment);
  std::shared_ptr<const void> storage(memory,
                                      [memory](const void*) { ::operator delete(memory, alignment); });
  auto* data = static_cast<std::byte*>(memory);
  return {{.type = type, .shape = shape, .data = data, .storage = std::move(storage)}, data};
}

Elements elements_of(const Tensor& tensor) {
  if (tensor.empty()) return {};
  return {.type = ElementType::f32,
          .shape = tensor.shape(),
          .data = reinterpret_cast<const std::byte*>(tensor.data()),
          .storage = tensor.storage()};
}

Tensor tensor_of(const Elements& elements) {
  if (elements.empty()) return {};
  if (elements.type == ElementType::f32) {
    // A Tensor has no read-only form; the engine never writes to its inputs.
    auto* values = const_cast<float*>(reinterpret_cast<const float*>(elements.data));
    return {elements.shape, values, elements.storage};
  }
  assert(elements.type == ElementType::u8);
  Tensor tensor(elements.shape);
  kernels::u8_to_unit_float(kernels::active_isa(), reinterpret_cast<const std::uint8_t*>(elements.data),
                            tensor.data(), tensor.elements());
  return tensor;
}

}  // namespace edge::net
