// The window of a convolution or pooling: ONNX's attributes as extents. Pure functions; they throw Error.
#pragma once

#include "engine/array_operations.h"
#include "engine/onnx/node_context.h"

namespace edge::onnx {

/// Of one or two spatial dimensions: with one, the rows are 1.
struct Window {
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d dilation{1, 1};
  Extent2d begin{0, 0};  ///< padding at the top and left
  Extent2d end{0, 0};    ///< and at the bottom and right
};

/// For an input of N x C x spatial; `kernel` holds if there is no attribute kernel_shape. auto_pad is
/// resolved.
Window window_of(const NodeContext& node, const Dimensions& input, const std::vector<std::int64_t>& kernel);

/// Spatial attribute `name`, or `fallback` for each dimension.
std::vector<std::int64_t> spatial(const NodeContext& node, const char* name, std::size_t dimensions,
                                  std::int64_t fallback);
/// One or two numbers as an extent.
Extent2d extent(const std::vector<std::int64_t>& values, std::int64_t rows_of_one = 1);

/// Throws Error unless the input has batch, channels and one or two dimensions more.
std::size_t spatial_dimensions(const Dimensions& input);
/// N x C x W as N x C x 1 x W; others as they are.
Value with_rows(const NodeContext& node, const Value& value);
/// Back to as many dimensions as the input has.
Value as_before(const NodeContext& node, const Value& value, const Value& input);

/// A layer of constant padding around rows and columns alone, with one of these values, that makes `value`:
/// its input and what it adds; then `window` grows by that. Leaves `value` where there is none.
Value without_padding(const NodeContext& node, const Value& value, const std::vector<float>& values,
                      Window& window);

}  // namespace edge::onnx
