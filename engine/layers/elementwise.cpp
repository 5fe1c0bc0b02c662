// relu, relu6, add, softmax.
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/pointwise.h"
#include "kernels/softmax.h"

namespace edge {
namespace {

constexpr std::int64_t grain = 16384;  // elements that are worth waking a thread for

Inference infer_relu(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = only_input(inputs), .parameters = {}};
}

Inference infer_add(const Operation& /*operation*/, std::span<const Shape> inputs) {
  if (inputs.size() != 2) throw Error("takes two inputs, not " + std::to_string(inputs.size()));
  if (inputs[0] != inputs[1]) {
    throw Error("cannot add " + inputs[0].to_string() + " and " + inputs[1].to_string());
  }
  return {.output_shape = inputs[0], .parameters = {}};
}

Inference infer_softmax(const Operation& /*operation*/, std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  if (input.rank() != 2) throw Error("needs a matrix, not " + input.to_string() + "; flatten it first");
  return {.output_shape = input, .parameters = {}};
}

class ReluKernel final : public LayerKernel {
 public:
  explicit ReluKernel(const KernelContext& context)
      : isa_(context.isa), elements_(context.input_shapes[0].elements()) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_ranges(pool, elements_, grain, [&](std::int64_t begin, std::int64_t end) {
      kernels::relu(isa_, arguments.inputs[0] + begin, arguments.output + begin,
                    static_cast<std::size_t>(end - begin));
    });
  }

 private:
  kernels::Isa isa_;
  std::int64_t elements_;
};

class Relu6Kernel final : public LayerKernel {
 public:
  explicit Relu6Kernel(const KernelContext& context)
      : isa_(context.isa), elements_(context.input_shapes[0].elements()) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_ranges(pool, elements_, grain, [&](std::int64_t begin, std::int64_t end) {
      kernels::clipped_relu(isa_, arguments.inputs[0] + begin, arguments.output + begin,
                            static_cast<std::size_t>(end - begin), 6.0F);
    });
  }

 private:
  kernels::Isa isa_;
  std::int64_t elements_;
};

class AddKernel final : public LayerKernel {
 public:
  explicit AddKernel(const KernelContext& context)
      : isa_(context.isa), elements_(context.input_shapes[0].elements()) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    parallel_ranges(pool, elements_, grain, [&](std::int64_t begin, std::int64_t end) {
      kernels::add(isa_, arguments.inputs[0] + begin, arguments.inputs[1] + begin, arguments.output + begin,
                   static_cast<std::size_t>(end - begin), arguments.relu);
    });
  }

 private:
  kernels::Isa isa_;
  std::int64_t elements_;
};

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

template <class Kernel>
std::unique_ptr<LayerKernel> make_kernel(const KernelContext& context) {
  return std::make_unique<Kernel>(context);
}

}  // namespace

const OperationType& type_of(const ReluLayer&) {
  static constexpr OperationType type{
      .name = "relu", .in_place = true, .infer = infer_relu, .make_kernel = make_kernel<ReluKernel>};
  return type;
}

const OperationType& type_of(const Relu6Layer&) {
  static constexpr OperationType type{
      .name = "relu6", .in_place = true, .infer = infer_relu, .make_kernel = make_kernel<Relu6Kernel>};
  return type;
}

const OperationType& type_of(const AddLayer&) {
  static constexpr OperationType type{.name = "add",
                                      .fuses_relu = true,
                                      .in_place = true,
                                      .infer = infer_add,
                                      .make_kernel = make_kernel<AddKernel>};
  return type;
}

const OperationType& type_of(const SoftmaxLayer&) {
  static constexpr OperationType type{
      .name = "softmax", .in_place = true, .infer = infer_softmax, .make_kernel = make_kernel<SoftmaxKernel>};
  return type;
}

}  // namespace edge
