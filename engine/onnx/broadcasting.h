// ONNX's multidirectional broadcasting. Pure functions.
#pragma once

#include "engine/onnx/constant.h"

namespace edge::onnx {

/// The extents that tensors of `a` and `b` have together: aligned at the last, extents of 1 repeated. Throws
/// Error.
Dimensions broadcast_dims(const Dimensions& a, const Dimensions& b);

}  // namespace edge::onnx
