// Where two tensors of a layer's output differ. Pure functions.
#pragma once

#include "engine/array.h"
#include "engine/shape.h"
#include "kernels/dirty_map.h"

namespace edge {

/// NCHW with a batch of one: what a dirty map has positions of.
bool is_feature_map(const Shape& shape);
/// A map of the shape's rows and columns, or of one position if it is no feature map.
kernels::DirtyMap clean_map(const Shape& shape);

/// Which positions differ in any channel's bits. Same type and shape.
kernels::DirtyMap changed_positions(const Array& before, const Array& now);

}  // namespace edge
