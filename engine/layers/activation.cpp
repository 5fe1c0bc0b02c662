// relu, relu6, activation: functions of one value. They end the kernel of the layer in front of them where
// they can (OperationType::fused).
#include "kernels/activation.h"

#include <array>
#include <cstdio>

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

constexpr std::int64_t activation_grain = 16384;  // elements that are worth waking a thread for

Activation activation_of(const Operation& operation) {
  if (operation.is<ReluLayer>()) return Activation::relu();
  if (operation.is<Relu6Layer>()) return Activation::relu6();
  return operation.get<ActivationLayer>().activation;
}

const char* kind_name(Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::none:
      return "none";
    case Activation::Kind::clamp:
      return "clamp";
    case Activation::Kind::leaky_relu:
      return "leaky relu";
    case Activation::Kind::elu:
      return "elu";
    case Activation::Kind::sigmoid:
      return "sigmoid";
    case Activation::Kind::hard_sigmoid:
      return "hard sigmoid";
    case Activation::Kind::hard_swish:
      return "hard swish";
    case Activation::Kind::silu:
      return "silu";
    case Activation::Kind::mish:
      return "mish";
    case Activation::Kind::tanh:
      return "tanh";
  }
  return "";
}

std::string activation_settings(const Operation& operation) {
  const Activation activation = activation_of(operation);
  std::string name = kind_name(activation.kind);
  for (char& letter : name) letter = letter == ' ' ? '_' : letter;
  return "kind=" + name + " a=" + hexadecimal(double{activation.a}) +
         " b=" + hexadecimal(double{activation.b}) +
         (activation.is_scaled() ? " scale=" + hexadecimal(double{activation.scale}) +
                                       " shift=" + hexadecimal(double{activation.shift})
                                 : "");
}

std::string short_number(float value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.3g", double{value});
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string unscaled_text(const Activation& activation) {
  std::string name = kind_name(activation.kind);
  switch (activation.kind) {
    case Activation::Kind::clamp:
      if (activation == Activation::relu()) return "relu";
      return name + " " + short_number(activation.a) + " to " + short_number(activation.b);
    case Activation::Kind::leaky_relu:
    case Activation::Kind::elu:
      return name + " " + short_number(activation.a);
    default:
      return name;
  }
}

std::string activation_text(const Operation& operation) {
  const Activation activation = activation_of(operation);
  std::string text = unscaled_text(activation.scaled(1, 0));
  if (!activation.is_scaled()) return text;
  return text + ", times " + short_number(activation.scale) + " plus " + short_number(activation.shift);
}

Inference infer_activation(const Operation& operation, std::span<const Shape> inputs) {
  const Activation activation = activation_of(operation);
  if (activation.kind == Activation::Kind::none) throw Error("has no kind");
  if (activation.kind == Activation::Kind::clamp && !(activation.a <= activation.b)) {
    throw Error("cannot clamp to the range from " + short_number(activation.a) + " to " +
                short_number(activation.b));
  }
  return same_shape(operation, inputs);
}

std::optional<FusedAs> activation_fused(const Operation& operation) {
  return FusedAs{.kind = FusedAs::Kind::activation, .activation = activation_of(operation)};
}

class ActivationKernel final : public LayerKernel {
 public:
  explicit ActivationKernel(const KernelContext& context)
      : isa_(context.isa),
        activation_(activation_of(context.layer.operation)),
        shape_(context.input_shapes[0]) {}

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_elements(pool, shape_, arguments.dirty, activation_grain,
                      [&](std::int64_t first, std::int64_t count) {
                        kernels::activate(isa_, activation_, arguments.inputs[0] + first,
                                          arguments.output + first, static_cast<std::size_t>(count));
                      });
  }

 private:
  kernels::Isa isa_;
  Activation activation_;
  Shape shape_;
};

constexpr OperationType simple_activation(const char* name) {
  return {.name = name,
          .change = ChangeRule::per_channel,
          .minor = true,
          .placement = OutputPlace::in_place,
          .fused = activation_fused,
          .reach = same_position,
          .infer = same_shape,
          .make_kernel = make_kernel_of<ActivationKernel>};
}

}  // namespace

const OperationType ReluLayer::type = simple_activation("relu");

const OperationType Relu6Layer::type = simple_activation("relu6");

const OperationType ActivationLayer::type{.name = "activation",
                                          .change = ChangeRule::per_channel,
                                          .minor = true,
                                          .placement = OutputPlace::in_place,
                                          .fused = activation_fused,
                                          .settings = activation_settings,
                                          .text = activation_text,
                                          .reach = same_position,
                                          .infer = infer_activation,
                                          .make_kernel = make_kernel_of<ActivationKernel>};

}  // namespace edge
