// Functions of two and more values, with broadcasting.
#include <array>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/broadcasting.h"
#include "engine/onnx/operators.h"
#include "engine/onnx/operators/activation_patterns.h"
#include "engine/onnx/operators/affine_folding.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

bool gives_truth(BinaryFunction function) {
  return function >= BinaryFunction::equal;
}

/// Old opsets named the axis at which the second operand's dimensions begin.
Value aligned(const NodeContext& node, const Value& a, const Value& b) {
  if (node.integer("broadcast", 0) == 0 || !node.node().find("axis")) return b;
  const std::size_t axis = NodeContext::axis(node.integer("axis", 0), a.rank());
  if (axis + b.rank() > a.rank()) throw Error("its axis does not fit");
  Dimensions dims = b.dims();
  dims.resize(a.rank() - axis, 1);
  return node.builder().reshaped(b, dims);
}

/// function(a, b) as a layer, or a copy of one operand where nothing happens.
Value binary(NodeContext& node, BinaryFunction function, const Value& a, const Value& b,
             const std::string& suffix) {
  GraphBuilder& builder = node.builder();
  const Dimensions dims = broadcast_dims(a.dims(), b.dims());
  if (a.is_constant() && b.is_constant()) {  // too large to be computed during import
    return builder.add(BinaryLayer{.function = function}, {builder.dense(a), builder.dense(b)}, {}, suffix);
  }
  if (!a.is_constant() && !b.is_constant()) {
    const LayerIndex first = builder.dense(a);
    const LayerIndex second = builder.dense(b);
    if (function == BinaryFunction::add && a.dims() == b.dims() && !a.dims().empty()) {
      return builder.add(AddLayer{}, {first, second}, {}, suffix);
    }
    return builder.add(BinaryLayer{.function = function}, {first, second}, {}, suffix);
  }
  const bool constant_first = a.is_constant();
  const Value& constant = constant_first ? a : b;
  const Value& data = constant_first ? b : a;
  // A number for all elements is one number, however often it is written.
  Value operand = constant;
  if (constant.rank() <= data.rank() && dims == data.dims()) {
    if (const std::optional<double> number = uniform_number(constant)) {
      operand = constant_value(Constant::from_numbers(DataType::float32, {1}, {*number}));
    }
  }
  return builder.add(
      BinaryLayer{.function = function, .operand = to_shape(operand.dims()), .operand_first = constant_first},
      {builder.dense(data)}, {{operand}}, suffix);
}

/// Integers: quotients are cut, small types wrap.
Value as_integers(NodeContext& node, Value value, DataType type, bool quotient) {
  const auto apply = [&](UnaryFunction function) {
    value = node.builder().add(UnaryLayer{function}, {value.layer});
  };
  if (quotient) apply(UnaryFunction::truncate);
  if (type == DataType::uint8) apply(UnaryFunction::wrap_uint8);
  if (type == DataType::int8) apply(UnaryFunction::wrap_int8);
  if (type == DataType::uint16) apply(UnaryFunction::wrap_uint16);
  if (type == DataType::int16) apply(UnaryFunction::wrap_int16);
  return value;
}

std::optional<RecognisedActivation> recognise(const NodeContext& node, BinaryFunction function,
                                              const Value& a, const Value& b) {
  if (function == BinaryFunction::multiply) return recognise_product(node.builder(), a, b);
  if (function != BinaryFunction::divide || b.elements() != 1 || b.rank() > a.rank()) return std::nullopt;
  const std::optional<double> number = uniform_number(b);
  return number ? recognise_quotient(node.builder(), a, *number) : std::nullopt;
}

template <BinaryFunction function>
Values import_binary(NodeContext& node) {
  const Value& a = node.input(0);
  const Value b = aligned(node, a, node.input(1));
  if (const auto found = recognise(node, function, a, b)) {
    return {node.builder().add(ActivationLayer{found->activation}, {found->input})};
  }
  if (auto folded = fold_affine(node, function, a, b)) return {*std::move(folded)};
  Value result = binary(node, function, a, b, "");
  const DataType type = gives_truth(function) ? DataType::boolean : a.type;
  if (!is_floating(type) && type != DataType::boolean) {
    result = as_integers(node, result, type,
                         function == BinaryFunction::divide || function == BinaryFunction::power);
  }
  result.type = type;
  return {result};
}

/// Of any number of operands.
template <BinaryFunction function>
Values import_variadic(NodeContext& node) {
  Value result = node.input(0);
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    result = binary(node, function, result, node.input(i), i + 1 < node.inputs() ? "part" : "");
  }
  result.type = node.input(0).type;
  return {result};
}

Values import_mean(NodeContext& node) {
  const Value sum = import_variadic<BinaryFunction::add>(node).front();
  if (node.inputs() == 1) return {sum};
  const double count = static_cast<double>(node.inputs());
  const Value number = constant_value(Constant::from_numbers(DataType::float32, {1}, {count}));
  return {binary(node, BinaryFunction::divide, sum, number, "mean")};
}

Values import_modulo(NodeContext& node) {
  if (node.integer("fmod", 0) != 0) throw Error("fmod cannot be run");
  return import_binary<BinaryFunction::modulo>(node);
}

/// The slope's dimensions are aligned at the last, as everywhere.
Values import_prelu(NodeContext& node) {
  return {binary(node, BinaryFunction::leaky, node.input(0), node.input(1), "")};
}

}  // namespace

std::span<const Operator> arithmetic_operators() {
  static constexpr Operator operators[] = {
      {"Add", import_binary<BinaryFunction::add>},
      {"And", import_binary<BinaryFunction::logical_and>},
      {"Div", import_binary<BinaryFunction::divide>},
      {"Equal", import_binary<BinaryFunction::equal>},
      {"Greater", import_binary<BinaryFunction::greater>},
      {"GreaterOrEqual", import_binary<BinaryFunction::greater_or_equal>},
      {"Less", import_binary<BinaryFunction::less>},
      {"LessOrEqual", import_binary<BinaryFunction::less_or_equal>},
      {"Max", import_variadic<BinaryFunction::maximum>},
      {"Mean", import_mean},
      {"Min", import_variadic<BinaryFunction::minimum>},
      {"Mod", import_modulo},
      {"Mul", import_binary<BinaryFunction::multiply>},
      {"Or", import_binary<BinaryFunction::logical_or>},
      {"PRelu", import_prelu},
      {"Pow", import_binary<BinaryFunction::power>},
      {"Sub", import_binary<BinaryFunction::subtract>},
      {"Sum", import_variadic<BinaryFunction::add>},
      {"Xor", import_binary<BinaryFunction::logical_xor>}};
  return operators;
}

}  // namespace edge::onnx
