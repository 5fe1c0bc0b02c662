// local_response_norm: across channels, without parameters.
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/lrn.h"

namespace edge {
namespace {

std::string response_norm_settings(const Operation& operation) {
  const auto& norm = operation.get<LocalResponseNormLayer>();
  return "size=" + std::to_string(norm.size) + " alpha=" + hexadecimal(norm.alpha) +
         " beta=" + hexadecimal(norm.beta) + " k=" + hexadecimal(norm.k);
}

std::string response_norm_text(const Operation& operation) {
  return "response norm " + std::to_string(operation.get<LocalResponseNormLayer>().size);
}

Inference infer_response_norm(const Operation& operation, std::span<const Shape> inputs) {
  const auto& norm = operation.get<LocalResponseNormLayer>();
  if (norm.size < 1 || norm.size > 1 << 20)
    throw Error("size " + std::to_string(norm.size) + " is out of range");
  return {.output_shape = only_feature_map(inputs), .parameters = {}};
}

class LocalResponseNormKernel final : public LayerKernel {
 public:
  explicit LocalResponseNormKernel(const KernelContext& context) : isa_(context.isa) {
    const auto& norm = context.layer.operation.get<LocalResponseNormLayer>();
    const Shape& input = context.input_shapes[0];
    shape_ = {.batch = input[0],
              .channels = input[1],
              .plane = input[2] * input[3],
              .size = norm.size,
              .alpha = static_cast<float>(norm.alpha),
              .beta = static_cast<float>(norm.beta),
              .k = static_cast<float>(norm.k)};
  }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::local_response_norm(isa_, shape_, arguments.inputs[0], arguments.output, pool);
  }

 private:
  kernels::Isa isa_;
  kernels::LrnShape shape_;
};

}  // namespace

const OperationType LocalResponseNormLayer::type{.name = "local_response_norm",
                                                 .change = ChangeRule::per_channel,
                                                 .settings = response_norm_settings,
                                                 .text = response_norm_text,
                                                 .infer = infer_response_norm,
                                                 .make_kernel = make_kernel_of<LocalResponseNormKernel>};

}  // namespace edge
