// binary, select: functions of two and three values, with broadcasting.
#include "kernels/binary.h"

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/broadcasting.h"
#include "engine/layers/operation_type.h"
#include "kernels/strided_copy.h"

namespace edge {
namespace {

std::string name_of(const BinaryLayer& binary) {
  return kernels::function_name(binary.function);
}

std::string binary_settings(const Operation& operation) {
  const auto& binary = operation.get<BinaryLayer>();
  return "function=" + name_of(binary) + (binary.operand_first ? " operand_first" : "");
}

std::string binary_text(const Operation& operation) {
  const auto& binary = operation.get<BinaryLayer>();
  std::string name = name_of(binary);
  for (char& letter : name) letter = letter == '_' ? ' ' : letter;
  return name + (binary.operand ? " by " + binary.operand->to_string() : "");
}

Inference infer_binary(const Operation& operation, std::span<const Shape> inputs) {
  const auto& binary = operation.get<BinaryLayer>();
  if (!binary.operand) {
    if (inputs.size() != 2) throw Error("takes two inputs, not " + std::to_string(inputs.size()));
    return {.output_shape = broadcast(inputs[0], inputs[1]), .parameters = {}};
  }
  return {.output_shape = broadcast(only_input(inputs), *binary.operand),
          .parameters = {{"operand", *binary.operand, ParameterKind::norm_scale, 1}}};
}

/// An operand of the network's own never changes.
std::optional<Reach> binary_reach(const Operation& operation, std::span<const Shape> inputs,
                                  std::size_t input) {
  const auto& binary = operation.get<BinaryLayer>();
  if (!binary.operand) return same_position(operation, inputs, input);
  const Shape result = broadcast(inputs[0], *binary.operand);
  if (result.rank() != 4 || result[2] != inputs[0][2] || result[3] != inputs[0][3]) return std::nullopt;
  return same_position(operation, inputs, input);
}

class BinaryKernel final : public LayerKernel {
 public:
  explicit BinaryKernel(const KernelContext& context)
      : isa_(context.isa), binary_(context.layer.operation.get<BinaryLayer>()) {
    if (binary_.operand) operand_ = context.weights.load(context.layer.parameters[0]);
    const Shape& other = binary_.operand ? *binary_.operand : context.input_shapes[1];
    const Shape& result = context.layer.output_shape;
    std::vector<std::int64_t> a = broadcast_strides(context.input_shapes[0], result);
    std::vector<std::int64_t> b = broadcast_strides(other, result);
    if (binary_.operand_first) std::swap(a, b);
    shape_ = kernels::BinaryShape{{result.extents().begin(), result.extents().end()}, a, b}.collapsed();
  }

  std::size_t parameter_bytes() const override { return operand_.bytes(); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const float* a = arguments.inputs[0];
    const float* b = binary_.operand ? operand_.values().data() : arguments.inputs[1];
    if (binary_.operand_first) std::swap(a, b);
    kernels::binary(isa_, binary_.function, shape_, a, b, arguments.output, pool);
  }

 private:
  kernels::Isa isa_;
  BinaryLayer binary_;
  Array operand_;
  kernels::BinaryShape shape_;
};

Inference infer_select(const Operation& /*operation*/, std::span<const Shape> inputs) {
  if (inputs.size() != 3) throw Error("takes three inputs, not " + std::to_string(inputs.size()));
  return {.output_shape = broadcast(broadcast(inputs[0], inputs[1]), inputs[2]), .parameters = {}};
}

/// Inputs that are repeated are written out first: this is a rare operator.
class SelectKernel final : public LayerKernel {
 public:
  explicit SelectKernel(const KernelContext& context)
      : elements_(static_cast<std::size_t>(context.layer.output_shape.elements())) {
    const Shape& result = context.layer.output_shape;
    for (const Shape& shape : context.input_shapes) {
      copies_.push_back(
          {{result.extents().begin(), result.extents().end()}, broadcast_strides(shape, result)});
    }
  }

  std::size_t workspace_floats(int /*threads*/) const override { return 3 * elements_; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    float* const written = arguments.workspace.data();
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      copies_[i].run(arguments.inputs[i], written + i * elements_, pool);
    }
    for (std::size_t i = 0; i < elements_; ++i) {
      arguments.output[i] = written[i] != 0 ? written[elements_ + i] : written[2 * elements_ + i];
    }
  }

 private:
  std::size_t elements_;
  std::vector<kernels::StridedCopy> copies_;
};

}  // namespace

const OperationType BinaryLayer::type{.name = "binary",
                                      .change = ChangeRule::sum,
                                      .minor = true,
                                      .placement = OutputPlace::in_place,
                                      .settings = binary_settings,
                                      .text = binary_text,
                                      .reach = binary_reach,
                                      .infer = infer_binary,
                                      .make_kernel = make_kernel_of<BinaryKernel>};

const OperationType SelectLayer::type{.name = "select",
                                      .change = ChangeRule::mixes,
                                      .minor = true,
                                      .infer = infer_select,
                                      .make_kernel = make_kernel_of<SelectKernel>};

}  // namespace edge
