// Prediction of 8-bit frames: each element from the base or from the row above, and of three channels the
// first and the last from the middle one (in RGB the differences to green are nearly grey, hence small). What
// the prediction leaves, modulo 256, is mostly zeros and small numbers. Exact. Internal to the codec.
// Thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/shape.h"

namespace edge::net {

/// How a tensor is cut into planes: three for 1x3xHxW, else one.
struct PlaneLayout {
  std::size_t planes = 1;
  std::size_t plane_elements = 0;
  std::size_t columns = 0;  ///< distance of an element to the one above it
};
PlaneLayout plane_layout(const Shape& shape);

/// Array [first, first + count) of each plane: residuals[p * stride + i] is what the prediction of element
/// first + i of plane p leaves. `base` null: predict from the row above (0 above the first row).
void predict(const std::uint8_t* values, const std::uint8_t* base, const PlaneLayout& layout,
             std::size_t first, std::size_t count, std::uint8_t* residuals, std::size_t stride);

/// The inverse for whole tensors. `residuals` has layout.planes x layout.plane_elements bytes.
void restore(const std::uint8_t* residuals, const std::uint8_t* base, const PlaneLayout& layout,
             std::uint8_t* values);

}  // namespace edge::net
