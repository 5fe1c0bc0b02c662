// Functions of each value: activations, and what else is computed element by element.
#include <array>
#include <cmath>
#include <limits>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/onnx/operators.h"

namespace edge::onnx {
namespace {

using Values = std::vector<Value>;

constexpr float infinity = std::numeric_limits<float>::infinity();

Values activation(NodeContext& node, const Activation& what) {
  Value result = node.builder().add(ActivationLayer{what}, {node.layer(0)});
  result.type = node.input(0).type;
  return {result};
}

template <UnaryFunction function>
Values import_unary(NodeContext& node) {
  Value result = node.builder().add(UnaryLayer{function}, {node.layer(0)});
  result.type = node.input(0).type;
  return {result};
}

Values import_relu(NodeContext& node) {
  return activation(node, Activation::relu());
}

Values import_leaky_relu(NodeContext& node) {
  return activation(node, Activation::leaky_relu(node.number("alpha", 0.01F)));
}

Values import_sigmoid(NodeContext& node) {
  return activation(node, Activation::sigmoid());
}

Values import_hard_sigmoid(NodeContext& node) {
  return activation(node, Activation::hard_sigmoid(node.number("alpha", 0.2F), node.number("beta", 0.5F)));
}

Values import_hard_swish(NodeContext& node) {
  return activation(node, Activation::hard_swish());
}

Values import_mish(NodeContext& node) {
  return activation(node, Activation::mish());
}

Values import_elu(NodeContext& node) {
  return activation(node, Activation::elu(node.number("alpha", 1)));
}

Values import_tanh(NodeContext& node) {
  return activation(node, Activation::tanh());
}

/// One limit of Clip: an attribute in old opsets, an input in new ones.
struct Limit {
  float value = 0;
  const Value* dynamic = nullptr;
};

Limit limit_of(const NodeContext& node, const char* name, std::size_t input, float fallback) {
  if (node.has(input)) {
    const Value& value = node.input(input);
    if (!value.is_constant()) return {fallback, &value};
    if (value.elements() != 1) throw Error(std::string("its ") + name + " is not one number");
    return {static_cast<float>(node.known_numbers(input, name).front()), nullptr};
  }
  return {node.number(name, fallback), nullptr};
}

Values import_clip(NodeContext& node) {
  const Limit low = limit_of(node, "min", 1, -infinity);
  const Limit high = limit_of(node, "max", 2, infinity);
  const Value& data = node.input(0);
  if (std::isnan(low.value) || std::isnan(high.value)) throw Error("a limit is no number");
  // A lower limit above the upper one gives the upper one.
  if (low.dynamic == nullptr && high.dynamic == nullptr) {
    return activation(node, Activation::clamp(std::min(low.value, high.value), high.value));
  }
  Value result = data;
  const auto apply = [&](BinaryFunction function, const Limit& limit, float none, const char* suffix) {
    if (limit.dynamic != nullptr) {
      result = node.builder().add(BinaryLayer{.function = function},
                                  {node.builder().dense(result), node.builder().dense(*limit.dynamic)}, {},
                                  suffix);
    } else if (limit.value != none) {
      const Value number =
          constant_value(Constant::from_numbers(DataType::float32, {1}, {double{limit.value}}));
      result = node.builder().add(BinaryLayer{.function = function, .operand = Shape{1}},
                                  {node.builder().dense(result)}, {{number}}, suffix);
    }
  };
  apply(BinaryFunction::maximum, low, -infinity, "low");
  apply(BinaryFunction::minimum, high, infinity, "");
  result.type = data.type;
  return {result};
}

}  // namespace

std::span<const Operator> function_operators() {
  static constexpr Operator operators[] = {{"Abs", import_unary<UnaryFunction::absolute>},
                                           {"Ceil", import_unary<UnaryFunction::ceiling>},
                                           {"Clip", import_clip},
                                           {"Elu", import_elu},
                                           {"Erf", import_unary<UnaryFunction::error_function>},
                                           {"Exp", import_unary<UnaryFunction::exponential>},
                                           {"Floor", import_unary<UnaryFunction::floor>},
                                           {"HardSigmoid", import_hard_sigmoid},
                                           {"HardSwish", import_hard_swish},
                                           {"LeakyRelu", import_leaky_relu},
                                           {"Log", import_unary<UnaryFunction::logarithm>},
                                           {"Mish", import_mish},
                                           {"Neg", import_unary<UnaryFunction::negative>},
                                           {"Not", import_unary<UnaryFunction::is_false>},
                                           {"Reciprocal", import_unary<UnaryFunction::reciprocal>},
                                           {"Relu", import_relu},
                                           {"Round", import_unary<UnaryFunction::round>},
                                           {"Sigmoid", import_sigmoid},
                                           {"Sign", import_unary<UnaryFunction::sign>},
                                           {"Softplus", import_unary<UnaryFunction::softplus>},
                                           {"Softsign", import_unary<UnaryFunction::softsign>},
                                           {"Sqrt", import_unary<UnaryFunction::square_root>},
                                           {"Tanh", import_tanh}};
  return operators;
}

}  // namespace edge::onnx
