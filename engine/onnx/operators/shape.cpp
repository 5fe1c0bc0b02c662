// Shape, Size, Constant, ConstantOfShape, Identity, Dropout, Cast, and what only gives a value other extents:
// Reshape, Flatten, Squeeze, Unsqueeze.
#include <algorithm>
#include <array>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

Values import_identity(NodeContext& node) {
  return {node.input(0)};
}

Values import_dropout(NodeContext& node) {
  const bool training = node.has(2) && uniform_number(node.known(2, "training mode")) != 0.0;
  if (training) throw Error("training mode cannot be run; export the network for inference");
  const Value& data = node.input(0);
  Value mask = constant_value(Constant::from_numbers(DataType::boolean, {}, {1}));
  return {data, viewed(mask, mask.view.broadcast(data.dims()))};
}

Values import_shape(NodeContext& node) {
  const Dimensions& dims = node.input(0).dims();
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto clamped = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  const std::int64_t start = clamped(node.integer("start", 0));
  const std::int64_t end = std::max(clamped(node.integer("end", rank)), start);
  return {constant_value(Constant::from_integers({dims.data() + start, dims.data() + end}))};
}

Values import_size(NodeContext& node) {
  return {constant_value(Constant::from_integers({node.input(0).elements()}).reshaped({}))};
}

Values import_constant(NodeContext& node) {
  for (const Attribute& attribute : node.node().attributes) {
    switch (attribute.kind) {
      case Attribute::Kind::tensor:
        return {constant_value(attribute.tensor)};
      case Attribute::Kind::number:
        return {constant_value(Constant::from_numbers(DataType::float32, {}, {double{attribute.number}}))};
      case Attribute::Kind::integer:
        return {constant_value(Constant::from_integers({attribute.integer}).reshaped({}))};
      case Attribute::Kind::integers:
        return {constant_value(Constant::from_integers(attribute.integers))};
      case Attribute::Kind::numbers: {
        const std::vector<double> numbers(attribute.numbers.begin(), attribute.numbers.end());
        const auto count = static_cast<std::int64_t>(numbers.size());
        return {constant_value(Constant::from_numbers(DataType::float32, {count}, numbers))};
      }
      default:
        break;
    }
  }
  throw Error("its value is of a kind that cannot be read");
}

/// One element, repeated: takes no memory however large.
Values import_constant_of_shape(NodeContext& node) {
  const Dimensions dims = node.known_integers(0, "shape");
  element_count(dims);  // checks
  const Attribute* const given = node.node().find("value");
  const Constant number = given != nullptr && given->kind == Attribute::Kind::tensor
                              ? given->tensor
                              : Constant::from_numbers(DataType::float32, {}, {0});
  if (number.elements() != 1) throw Error("its value is not one number");
  const Value value = constant_value(number.reshaped({}));
  return {viewed(value, value.view.broadcast(dims))};
}

Values import_reshape(NodeContext& node) {
  const Value& data = node.input(0);
  Dimensions dims = node.known_integers(1, "shape");
  const bool allow_zero = node.integer("allowzero", 0) != 0;
  std::int64_t product = 1;
  std::ptrdiff_t open = -1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !allow_zero) {
      if (i >= data.rank()) throw Error("has a 0 where its input has no dimension");
      dims[i] = data.dims()[i];
    }
    if (dims[i] == -1) {
      if (open >= 0) throw Error("leaves two extents open");
      open = static_cast<std::ptrdiff_t>(i);
    } else if (dims[i] < 0 || __builtin_mul_overflow(product, dims[i], &product)) {
      throw Error("cannot reshape to " + to_string(dims));
    }
  }
  if (open >= 0) {
    if (product == 0 || data.elements() % product != 0) {
      throw Error("cannot reshape " + to_string(data.dims()) + " to " + to_string(dims));
    }
    dims[static_cast<std::size_t>(open)] = data.elements() / product;
  }
  return {node.builder().reshaped(data, dims)};
}

Values import_flatten(NodeContext& node) {
  const Value& data = node.input(0);
  const auto rank = static_cast<std::int64_t>(data.rank());
  std::int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) throw Error("axis " + std::to_string(axis) + " is out of range");
  std::int64_t rows = 1;
  for (std::int64_t i = 0; i < axis; ++i) rows *= data.dims()[static_cast<std::size_t>(i)];
  const std::int64_t columns = rows == 0 ? 0 : data.elements() / rows;
  return {node.builder().reshaped(data, {rows, columns})};
}

Values import_squeeze(NodeContext& node) {
  const Value& data = node.input(0);
  const auto list = node.list("axes", 1);
  Dimensions dims;
  std::vector<std::size_t> axes;
  if (list) axes = NodeContext::axes(*list, data.rank());
  for (std::size_t i = 0; i < data.rank(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    const bool removed = list ? named : data.dims()[i] == 1;
    if (removed && data.dims()[i] != 1)
      throw Error("cannot squeeze an extent of " + std::to_string(data.dims()[i]));
    if (!removed) dims.push_back(data.dims()[i]);
  }
  return {node.builder().reshaped(data, dims)};
}

Values import_unsqueeze(NodeContext& node) {
  const Value& data = node.input(0);
  const auto list = node.list("axes", 1);
  if (!list) throw Error("has no axes");
  const std::vector<std::size_t> axes = NodeContext::axes(*list, data.rank() + list->size());
  Dimensions dims = data.dims();
  for (const std::size_t axis : axes) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return {node.builder().reshaped(data, dims)};
}

Value unary(NodeContext& node, const Value& value, UnaryFunction function, const char* suffix) {
  return node.builder().add(UnaryLayer{function}, {node.builder().dense(value)}, {}, suffix);
}

/// Layers compute in float32: integers are numbers without a fraction.
Values import_cast(NodeContext& node) {
  const auto to = static_cast<DataType>(node.integer("to", 1));
  if (size_of(to) == 0) throw Error("casts to " + type_name(to));
  Value value = node.input(0);
  const DataType from = value.type;
  struct Rule {
    DataType type;
    UnaryFunction function;
  };
  constexpr std::array rules{Rule{DataType::float16, UnaryFunction::to_float16},
                             Rule{DataType::bfloat16, UnaryFunction::to_bfloat16},
                             Rule{DataType::boolean, UnaryFunction::is_true},
                             Rule{DataType::uint8, UnaryFunction::wrap_uint8},
                             Rule{DataType::int8, UnaryFunction::wrap_int8},
                             Rule{DataType::uint16, UnaryFunction::wrap_uint16},
                             Rule{DataType::int16, UnaryFunction::wrap_int16}};
  if (from != to && from != DataType::boolean) {
    if (is_floating(from) && !is_floating(to) && to != DataType::boolean) {
      value = unary(node, value, UnaryFunction::truncate, "truncate");
    }
    for (const Rule& rule : rules) {
      if (rule.type == to) value = unary(node, value, rule.function, "");
    }
  }
  value.type = to;
  return {value};
}

}  // namespace

std::span<const Operator> shape_operators() {
  static constexpr Operator operators[] = {{"Cast", import_cast},
                                           {"Constant", import_constant},
                                           {"ConstantOfShape", import_constant_of_shape},
                                           {"Dropout", import_dropout},
                                           {"Flatten", import_flatten},
                                           {"Identity", import_identity},
                                           {"Reshape", import_reshape},
                                           {"Shape", import_shape},
                                           {"Size", import_size},
                                           {"Squeeze", import_squeeze},
                                           {"Unsqueeze", import_unsqueeze}};
  return operators;
}

}  // namespace edge::onnx
