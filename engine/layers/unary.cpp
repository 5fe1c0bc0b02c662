// unary: functions of each value that are no activations.
#include "kernels/unary.h"

#include "engine/array_operations.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

constexpr std::int64_t unary_grain = 4096;  // elements that are worth waking a thread for

std::string unary_text(const Operation& operation) {
  std::string name = kernels::function_name(operation.get<UnaryLayer>().function);
  for (char& letter : name) letter = letter == '_' ? ' ' : letter;
  return name;
}

std::string unary_settings(const Operation& operation) {
  return std::string("function=") + kernels::function_name(operation.get<UnaryLayer>().function);
}

class UnaryKernel final : public LayerKernel {
 public:
  explicit UnaryKernel(const KernelContext& context)
      : function_(context.layer.operation.get<UnaryLayer>().function), shape_(context.input_shapes[0]) {}

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_elements(pool, shape_, arguments.dirty, unary_grain,
                      [&](std::int64_t first, std::int64_t count) {
                        kernels::unary(function_, arguments.inputs[0] + first, arguments.output + first,
                                       static_cast<std::size_t>(count));
                      });
  }

 private:
  UnaryFunction function_;
  Shape shape_;
};

}  // namespace

const OperationType UnaryLayer::type{.name = "unary",
                                     .change = ChangeRule::per_channel,
                                     .minor = true,
                                     .placement = OutputPlace::in_place,
                                     .settings = unary_settings,
                                     .text = unary_text,
                                     .reach = same_position,
                                     .infer = same_shape,
                                     .make_kernel = make_kernel_of<UnaryKernel>};

}  // namespace edge
