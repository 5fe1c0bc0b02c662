// How many change rates describe a tensor, and the rates of its elements that are not zero. Pure functions,
// thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/array.h"
#include "engine/shape.h"

namespace edge::prediction {

/// 1xCxHxW: one rate per channel. Vectors (behind flatten) have one rate in all: each feature is a single
/// number, and mixing them is all that the layers behind do.
std::size_t rate_channels(const Shape& shape);

/// The part of each channel's elements whose bits are not all 0.
std::vector<double> nonzero_rates(const Array& values);

}  // namespace edge::prediction
