// What a link carries: immutable arrays of 8-bit or float32 elements, shared without copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/shape.h"
#include "engine/tensor.h"

namespace edge::net {

enum class ElementType : std::uint8_t { u8 = 1, f32 = 2 };

constexpr std::size_t element_bytes(ElementType type) {
  return type == ElementType::u8 ? 1 : 4;
}

/// A handle to elements that nobody writes any more. Shape is 1xCxHxW or 1xF. Input frames are u8 (value /
/// 255 is the network's input), all other tensors f32.
struct Elements {
  ElementType type = ElementType::f32;
  Shape shape;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> storage;  ///< keeps `data` alive

  bool empty() const { return data == nullptr; }
  std::size_t count() const { return empty() ? 0 : static_cast<std::size_t>(shape.elements()); }
  std::size_t bytes() const { return count() * element_bytes(type); }
  std::span<const std::byte> span() const { return {data, bytes()}; }
};

/// Elements under construction: fill `data`, then hand out `elements` and write no more.
struct FreshElements {
  Elements elements;
  std::byte* data = nullptr;
};
/// Uninitialised, 64-byte aligned.
FreshElements allocate_elements(ElementType type, const Shape& shape);

/// Shares the tensor's values.
Elements elements_of(const Tensor& tensor);
/// Shares f32 elements as a tensor; converts u8 to float in [0, 1].
Tensor tensor_of(const Elements& elements);

}  // namespace edge::net
