// add: two tensors of one shape, with a fused activation. It ends the kernel of one of its addends where it
// can.
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/pointwise.h"

namespace edge {
namespace {

constexpr std::int64_t addition_grain = 16384;  // elements that are worth waking a thread for

Inference infer_add(const Operation& /*operation*/, std::span<const Shape> inputs) {
  if (inputs.size() != 2) throw Error("takes two inputs, not " + std::to_string(inputs.size()));
  if (inputs[0] != inputs[1]) {
    throw Error("cannot add " + inputs[0].to_string() + " and " + inputs[1].to_string());
  }
  return {.output_shape = inputs[0], .parameters = {}};
}

std::optional<FusedAs> addition_fused(const Operation& /*operation*/) {
  return FusedAs{.kind = FusedAs::Kind::addition};
}

class AddKernel final : public LayerKernel {
 public:
  explicit AddKernel(const KernelContext& context) : isa_(context.isa), shape_(context.input_shapes[0]) {}

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_elements(
        pool, shape_, arguments.dirty, addition_grain, [&](std::int64_t first, std::int64_t count) {
          kernels::add(isa_, arguments.inputs[0] + first, arguments.inputs[1] + first,
                       arguments.output + first, static_cast<std::size_t>(count), arguments.activation);
        });
  }

 private:
  kernels::Isa isa_;
  Shape shape_;
};

}  // namespace

const OperationType AddLayer::type{.name = "add",
                                   .change = ChangeRule::sum,
                                   .minor = true,
                                   .fuses_activation = true,
                                   .placement = OutputPlace::in_place,
                                   .fused = addition_fused,
                                   .reach = same_position,
                                   .infer = infer_add,
                                   .make_kernel = make_kernel_of<AddKernel>};

}  // namespace edge
