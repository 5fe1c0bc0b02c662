// softmax: along the rows of a matrix.
#include "kernels/softmax.h"

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

Inference infer_softmax(const Operation& /*operation*/, std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  if (input.rank() != 2) throw Error("needs a matrix, not " + input.to_string() + "; flatten it first");
  return {.output_shape = input, .parameters = {}};
}

class SoftmaxKernel final : public LayerKernel {
 public:
  explicit SoftmaxKernel(const KernelContext& context) : isa_(context.isa), shape_(context.input_shapes[0]) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& /*pool*/) const override {
    kernels::softmax(isa_, arguments.inputs[0], arguments.output, static_cast<std::size_t>(shape_[0]),
                     static_cast<std::size_t>(shape_[1]));
  }

 private:
  kernels::Isa isa_;
  Shape shape_;
};

}  // namespace

const OperationType SoftmaxLayer::type{.name = "softmax",
                                       .change = ChangeRule::per_channel,
                                       .minor = true,
                                       .placement = OutputPlace::in_place,
                                       .infer = infer_softmax,
                                       .make_kernel = make_kernel_of<SoftmaxKernel>};

}  // namespace edge
