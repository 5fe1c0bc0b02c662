// A value of an ONNX graph during import: known, or made by a layer; in either case through a view, so that
// transpositions, slices and reshapes cost nothing until somebody needs the values in order.
#pragma once

#include <optional>
#include <vector>

#include "engine/layer.h"
#include "engine/onnx/constant.h"
#include "engine/strided_view.h"

namespace edge::onnx {

struct Value {
  DataType type = DataType::float32;
  StridedView view;                  ///< its sizes are the value's extents
  std::optional<Constant> constant;  ///< the elements that `view` means, or ...
  LayerIndex layer = -1;             ///< ... the layer whose output they are

  bool is_constant() const { return constant.has_value(); }
  const Dimensions& dims() const { return view.sizes; }
  std::size_t rank() const { return view.sizes.size(); }
  std::int64_t elements() const { return view.elements(); }
};

/// The whole of a constant.
Value constant_value(Constant constant);
/// `value` with another view.
Value viewed(const Value& value, StridedView view);

/// Whether a constant's view is all of it, in order and of its own type.
bool is_whole(const Value& value);
/// The elements as float32 in a tensor of `shape` (as many elements); a view of the file if they lie there
/// so.
Tensor tensor_of(const Value& value, const Shape& shape);

/// The elements in their order; numbers as Constant::numbers(). The value must be a constant. Throws Error if
/// they are more than `most`.
std::vector<double> numbers_of(const Value& value, std::size_t most);
std::vector<std::int64_t> integers_of(const Value& value, std::size_t most);
/// The same as a constant of the value's extents: the one that it has, if that is in order.
Constant in_order(const Value& value, std::size_t most);

/// If all elements are the same: that.
std::optional<double> uniform_number(const Value& value);

}  // namespace edge::onnx
