// Layers that compute nothing: input, flatten, dropout, concat.
#include <cstring>

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

Inference infer_dropout(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = only_input(inputs), .parameters = {}};
}

Inference infer_flatten(const Operation& /*operation*/, std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  if (input.rank() < 2) throw Error("needs an input of rank 2 or more, not " + input.to_string());
  return {.output_shape = {input[0], Shape(input.extents().subspan(1)).elements()}, .parameters = {}};
}

Inference infer_concat(const Operation& /*operation*/, std::span<const Shape> inputs) {
  if (inputs.empty()) throw Error("takes at least one input");
  std::int64_t channels = 0;
  for (const Shape& input : inputs) {
    if (input.rank() != 4 || input[0] != inputs[0][0] || input[2] != inputs[0][2] ||
        input[3] != inputs[0][3]) {
      throw Error("cannot concatenate " + inputs[0].to_string() + " and " + input.to_string() +
                  " along channels");
    }
    channels += input[1];
  }
  return {.output_shape = {inputs[0][0], channels, inputs[0][2], inputs[0][3]}, .parameters = {}};
}

class ConcatKernel final : public LayerKernel {
 public:
  explicit ConcatKernel(const KernelContext& context) : batch_(context.layer.output_shape[0]) {
    for (const Shape& shape : context.input_shapes) elements_.push_back(shape.elements() / batch_);
    row_ = context.layer.output_shape.elements() / batch_;
  }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    constexpr std::int64_t grain = 65536;
    for (std::int64_t n = 0; n < batch_; ++n) {
      float* output = arguments.output + n * row_;
      for (std::size_t i = 0; i < elements_.size(); ++i) {
        const float* input = arguments.inputs[i] + n * elements_[i];
        if (input == output) {  // it was made here
          output += elements_[i];
          continue;
        }
        parallel_ranges(pool, elements_[i], grain, [&](std::int64_t begin, std::int64_t end) {
          std::memcpy(output + begin, input + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
        });
        output += elements_[i];
      }
    }
  }

 private:
  std::int64_t batch_;
  std::int64_t row_ = 0;                // elements of one image of the output
  std::vector<std::int64_t> elements_;  // of one image of each input
};

std::unique_ptr<LayerKernel> make_concat(const KernelContext& context) {
  return std::make_unique<ConcatKernel>(context);
}

}  // namespace

const OperationType& type_of(const InputLayer&) {
  static constexpr OperationType type{.name = "input"};
  return type;
}

const OperationType& type_of(const FlattenLayer&) {
  static constexpr OperationType type{.name = "flatten", .view = true, .infer = infer_flatten};
  return type;
}

const OperationType& type_of(const DropoutLayer&) {
  static constexpr OperationType type{.name = "dropout", .view = true, .infer = infer_dropout};
  return type;
}

const OperationType& type_of(const ConcatLayer&) {
  static constexpr OperationType type{.name = "concat", .infer = infer_concat, .make_kernel = make_concat};
  return type;
}

}  // namespace edge
