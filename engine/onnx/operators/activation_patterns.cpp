#include "engine/onnx/operators/activation_patterns.h"

#include <array>
#include <cmath>

#include "engine/array_operations.h"

namespace edge::onnx {
namespace {

constexpr double sixth_tolerance = 1e-6;

bool is_sixth(double number) {
  return std::abs(number * 6 - 1) < sixth_tolerance;
}

const Activation* activation_of(const Layer* layer) {
  if (layer == nullptr) return nullptr;
  const auto* const settings = layer->operation.as<ActivationLayer>();
  return settings != nullptr ? &settings->activation : nullptr;
}

/// The constant of a layer that computes function(input, one number).
std::optional<double> operand_of(const GraphBuilder& builder, LayerIndex index, BinaryFunction function) {
  const auto* const binary = builder.graph().layer(index).operation.as<BinaryLayer>();
  if (binary == nullptr || binary->function != function || !binary->operand ||
      binary->operand->elements() != 1) {
    return std::nullopt;
  }
  return uniform_number(builder.parameters(index).front().value);
}

/// x, if the value is min(max(x + 3, 0), 6).
std::optional<LayerIndex> input_of_clipped_sum(const GraphBuilder& builder, const Value& value) {
  const Layer* const clip = builder.producer(value);
  const Activation* const clamp = activation_of(clip);
  if (clamp == nullptr || *clamp != Activation::clamp(0, 6)) return std::nullopt;
  const LayerIndex sum = clip->inputs[0];
  const std::optional<double> added = operand_of(builder, sum, BinaryFunction::add);
  if (!added || *added != 3) return std::nullopt;
  // A sum with one number keeps the extents only if the number has no more dimensions.
  const Layer& layer = builder.graph().layer(sum);
  const LayerIndex input = layer.inputs[0];
  if (layer.output_shape != builder.graph().layer(input).output_shape) return std::nullopt;
  return input;
}

/// b as a function of a's layer, times which a is an activation.
std::optional<Activation> product_with(const GraphBuilder& builder, LayerIndex a, const Value& b) {
  const Layer* const layer = builder.producer(b);
  const Activation* const gate = activation_of(layer);
  if (gate == nullptr || layer->inputs[0] != a) {
    // x * tanh(softplus(x))
    const bool is_tanh = gate != nullptr && *gate == Activation::tanh();
    if (!is_tanh) return std::nullopt;
    const Layer& inner = builder.graph().layer(layer->inputs[0]);
    const auto* const unary = inner.operation.as<UnaryLayer>();
    const bool mish = unary != nullptr && unary->function == UnaryFunction::softplus && inner.inputs[0] == a;
    return mish ? std::optional(Activation::mish()) : std::nullopt;
  }
  if (*gate == Activation::sigmoid()) return Activation::silu();
  const bool hard = gate->kind == Activation::Kind::hard_sigmoid && is_sixth(double{gate->a}) &&
                    gate->b == 0.5F && !gate->is_scaled();
  return hard ? std::optional(Activation::hard_swish()) : std::nullopt;
}

/// x, if the value is x * min(max(x + 3, 0), 6), six times a hard swish.
std::optional<LayerIndex> input_of_product_with_sum(const GraphBuilder& builder, const Value& value) {
  const Layer* const layer = builder.producer(value);
  if (layer == nullptr) return std::nullopt;
  const auto* const binary = layer->operation.as<BinaryLayer>();
  if (binary == nullptr || binary->function != BinaryFunction::multiply || binary->operand)
    return std::nullopt;
  for (const std::size_t first : {0U, 1U}) {
    const LayerIndex gate = layer->inputs[1 - first];
    Value gate_value;
    gate_value.layer = gate;
    gate_value.view = StridedView::whole(to_dimensions(builder.graph().layer(gate).output_shape));
    const std::optional<LayerIndex> input = input_of_clipped_sum(builder, gate_value);
    if (input && *input == layer->inputs[first]) return input;
  }
  return std::nullopt;
}

/// value / 6
std::optional<RecognisedActivation> sixth_of(const GraphBuilder& builder, const Value& value) {
  if (const auto input = input_of_clipped_sum(builder, value)) {
    return RecognisedActivation{*input, Activation::hard_sigmoid(1.0F / 6.0F, 0.5F)};
  }
  if (const auto input = input_of_product_with_sum(builder, value)) {
    return RecognisedActivation{*input, Activation::hard_swish()};
  }
  return std::nullopt;
}

}  // namespace

std::optional<RecognisedActivation> recognise_product(const GraphBuilder& builder, const Value& a,
                                                      const Value& b) {
  for (const auto& [data, gate] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (data->is_constant() || builder.producer(*data) == nullptr) continue;
    if (const std::optional<double> number = uniform_number(*gate)) {
      const bool one = gate->elements() == 1 && gate->rank() <= data->rank();
      return one && is_sixth(*number) ? sixth_of(builder, *data) : std::nullopt;
    }
    if (gate->is_constant()) return std::nullopt;
    if (const auto activation = product_with(builder, data->layer, *gate)) {
      return RecognisedActivation{data->layer, *activation};
    }
  }
  return std::nullopt;
}

std::optional<RecognisedActivation> recognise_quotient(const GraphBuilder& builder, const Value& a,
                                                       double number) {
  if (a.is_constant() || builder.producer(a) == nullptr || number != 6) return std::nullopt;
  return sixth_of(builder, a);
}

}  // namespace edge::onnx
