// What video, links, networks and results pass on: immutable arrays of typed elements, shared without
// copying.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "engine/shape.h"
#include "engine/value_grid.h"

namespace edge {

class Tensor;

/// The numbers are those on the wire (docs/codec.md).
enum class ElementType : std::uint8_t { u8 = 1, f32 = 2 };

/// What is to be known about an element type; a new one is its number above and its line below.
struct ElementTypeEntry {
  ElementType type;
  std::size_t bytes;
  const char* name;
};
inline constexpr std::array element_types = {
    ElementTypeEntry{ElementType::u8, 1, "u8"},
    ElementTypeEntry{ElementType::f32, 4, "f32"},
};

constexpr const ElementTypeEntry& element_type_entry(ElementType type) {
  for (const ElementTypeEntry& entry : element_types) {
    if (entry.type == type) return entry;
  }
  assert(false);
  return element_types[0];
}
constexpr std::size_t element_bytes(ElementType type) {
  return element_type_entry(type).bytes;
}
/// By its number on the wire, if there is such a type.
constexpr std::optional<ElementType> element_type_of(std::uint8_t number) {
  for (const ElementTypeEntry& entry : element_types) {
    if (static_cast<std::uint8_t>(entry.type) == number) return entry.type;
  }
  return std::nullopt;
}

/// A handle to row-major (NCHW) elements that nobody writes any more. Pixels are u8 (value / 255 is a
/// network's input), all other tensors f32 so far. Handles may be used from any thread.
class Array {
 public:
  Array() = default;  ///< no elements: empty()
  /// Elements that `storage` keeps alive.
  Array(ElementType type, const Shape& shape, const std::byte* data, std::shared_ptr<const void> storage)
      : type_(type), shape_(shape), data_(data), storage_(std::move(storage)) {}
  /// f32; shares the tensor's values, which must not be written any more while the array is read.
  Array(
      const Tensor& tensor);  // NOLINT(google-explicit-constructor): a Tensor is an Array that can be written

  bool empty() const { return data_ == nullptr; }
  ElementType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  const std::byte* data() const { return data_; }
  std::size_t elements() const { return empty() ? 0 : static_cast<std::size_t>(shape_.elements()); }
  std::size_t bytes() const { return elements() * element_bytes(type_); }
  std::span<const std::byte> span() const { return {data_, bytes()}; }
  const std::shared_ptr<const void>& storage() const { return storage_; }
  /// What the values of an f32 array were rounded to for a link; null if they were not.
  const ValueGrid* grid() const { return grid_.get(); }
  /// The same elements, which are known to lie on `grid`.
  Array on_grid(std::shared_ptr<const ValueGrid> grid) const;

  /// The elements of an f32 array.
  std::span<const float> values() const {
    assert(empty() || type_ == ElementType::f32);
    return {reinterpret_cast<const float*>(data_), elements()};
  }
  /// The elements of a u8 array.
  std::span<const std::uint8_t> octets() const {
    assert(empty() || type_ == ElementType::u8);
    return {reinterpret_cast<const std::uint8_t*>(data_), elements()};
  }

  /// The same elements under another shape with as many.
  Array reshaped(const Shape& shape) const;

 private:
  ElementType type_ = ElementType::f32;
  Shape shape_;
  const std::byte* data_ = nullptr;
  std::shared_ptr<const void> storage_;
  std::shared_ptr<const ValueGrid> grid_;
};

/// An array under construction: fill `data`, then hand out `array` and write no more.
struct FreshArray {
  Array array;
  std::byte* data = nullptr;
};
/// Uninitialised, 64-byte aligned. Throws Error if the shape is too large for this device's address space.
FreshArray allocate_array(ElementType type, const Shape& shape);

/// What a network reads: f32 as it is (shared), u8 as value / 255.
Array as_floats(const Array& array);

/// True if types, shapes and all bits agree (a NaN equals the same NaN, -0 differs from +0).
bool bit_equal(const Array& a, const Array& b);

/// Of two f32 arrays: max |a - b| / max(max |b|, tiny); 0 for equal ones, infinity if shapes or NaNs differ.
double max_relative_error(const Array& a, const Array& b);

}  // namespace edge
