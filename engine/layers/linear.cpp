// linear: a fully connected layer with fused bias and activation. The weights stay where their source put
// them.
#include "kernels/linear.h"

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

std::string linear_settings(const Operation& operation) {
  return "out_features=" + std::to_string(operation.get<LinearLayer>().out_features);
}

std::string linear_text(const Operation& operation) {
  const auto& linear = operation.get<LinearLayer>();
  return "linear " + std::to_string(linear.out_features) + (linear.bias ? "" : ", no bias");
}

Inference infer_linear(const Operation& operation, std::span<const Shape> inputs) {
  const auto& linear = operation.get<LinearLayer>();
  const Shape& input = only_input(inputs);
  if (input.rank() != 2) throw Error("needs a matrix, not " + input.to_string() + "; flatten it first");
  if (linear.out_features < 1) throw Error("out_features must be at least 1");
  Inference result;
  result.output_shape = {input[0], linear.out_features};
  result.parameters.push_back({"weight", {linear.out_features, input[1]}, ParameterKind::weight, input[1]});
  if (linear.bias)
    result.parameters.push_back({"bias", {linear.out_features}, ParameterKind::bias, input[1]});
  return result;
}

class LinearKernel final : public LayerKernel {
 public:
  explicit LinearKernel(const KernelContext& context)
      : isa_(context.isa),
        input_(context.input_shapes[0]),
        weights_(context.weights.load(context.layer.parameters[0])) {
    if (context.layer.parameters.size() > 1) bias_ = context.weights.load(context.layer.parameters[1]);
  }

  std::size_t parameter_bytes() const override { return weights_.bytes() + bias_.bytes(); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::linear(isa_, arguments.inputs[0], weights_.values().data(), bias_.values().data(),
                    arguments.output, input_[0], input_[1], weights_.shape()[0], arguments.activation, pool);
  }

 private:
  kernels::Isa isa_;
  Shape input_;
  Array weights_;
  Array bias_;
};

}  // namespace

const OperationType LinearLayer::type{.name = "linear",
                                      .change = ChangeRule::mixes,
                                      .fuses_activation = true,
                                      .settings = linear_settings,
                                      .text = linear_text,
                                      .infer = infer_linear,
                                      .make_kernel = make_kernel_of<LinearKernel>};

}  // namespace edge
