// Layers that compute nothing: input, flatten, dropout, concat, slice.
#include <cstring>

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

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
    shapes_ = context.input_shapes;
  }

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    if (arguments.dirty != nullptr) return run_part(arguments, pool);
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
  void run_part(const KernelArguments& arguments, kernels::ThreadPool& pool) const {
    float* output = arguments.output;
    for (std::size_t i = 0; i < elements_.size(); output += elements_[i], ++i) {
      const float* input = arguments.inputs[i];
      if (input == output) continue;
      const std::int64_t plane = shapes_[i][2] * shapes_[i][3];
      parallel_stretches(pool, shapes_[i], *arguments.dirty, 65536,
                         [&](std::int64_t channel, std::int64_t first, std::int64_t count) {
                           const std::int64_t at = channel * plane + first;
                           std::memcpy(output + at, input + at,
                                       static_cast<std::size_t>(count) * sizeof(float));
                         });
    }
  }

  std::int64_t batch_;
  std::vector<Shape> shapes_;
  std::int64_t row_ = 0;                // elements of one image of the output
  std::vector<std::int64_t> elements_;  // of one image of each input
};

/// A tensor as rows of `count` x `inner` elements, `outer` of them, of which a slice takes a part each.
struct SliceExtents {
  std::int64_t outer = 1;
  std::int64_t row = 1;     ///< elements, of the input
  std::int64_t offset = 0;  ///< in a row
  std::int64_t taken = 1;   ///< of a row
};

SliceExtents slice_extents(const SliceLayer& slice, const Shape& input) {
  SliceExtents extents;
  for (std::int64_t i = 0; i < slice.axis; ++i) extents.outer *= input[static_cast<std::size_t>(i)];
  std::int64_t inner = 1;
  for (std::size_t i = static_cast<std::size_t>(slice.axis) + 1; i < input.rank(); ++i) inner *= input[i];
  extents.row = input[static_cast<std::size_t>(slice.axis)] * inner;
  extents.offset = slice.begin * inner;
  extents.taken = slice.count * inner;
  return extents;
}

std::string slice_settings(const Operation& operation) {
  const auto& slice = operation.get<SliceLayer>();
  return "axis=" + std::to_string(slice.axis) + " begin=" + std::to_string(slice.begin) +
         " count=" + std::to_string(slice.count);
}

std::string slice_text(const Operation& operation) {
  const auto& slice = operation.get<SliceLayer>();
  const std::string range =
      std::to_string(slice.begin) + " to " + std::to_string(slice.begin + slice.count - 1);
  return slice.axis == 1 ? "channels " + range : "slice " + range + " of axis " + std::to_string(slice.axis);
}

Inference infer_slice(const Operation& operation, std::span<const Shape> inputs) {
  const auto& slice = operation.get<SliceLayer>();
  const Shape& input = only_input(inputs);
  if (slice.axis < 0 || slice.axis >= static_cast<std::int64_t>(input.rank())) {
    throw Error("axis " + std::to_string(slice.axis) + " does not exist in " + input.to_string());
  }
  std::vector<std::int64_t> extents(input.extents().begin(), input.extents().end());
  std::int64_t& extent = extents[static_cast<std::size_t>(slice.axis)];
  if (slice.begin < 0 || slice.count < 1 || slice.begin >= extent || slice.count > extent - slice.begin) {
    throw Error("cannot take " + std::to_string(slice.count) + " from " + std::to_string(slice.begin) +
                " on of axis " + std::to_string(slice.axis) + " of " + input.to_string());
  }
  extent = slice.count;
  return {.output_shape = Shape(extents), .parameters = {}};
}

std::optional<std::int64_t> view_of_slice(const Operation& operation, const Shape& input) {
  const SliceExtents extents = slice_extents(operation.get<SliceLayer>(), input);
  if (extents.outer > 1 && extents.taken < extents.row) return std::nullopt;
  return extents.offset;
}

/// For slices of more than one piece.
class SliceKernel final : public LayerKernel {
 public:
  explicit SliceKernel(const KernelContext& context)
      : extents_(slice_extents(context.layer.operation.get<SliceLayer>(), context.input_shapes[0])) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const float* const input = arguments.inputs[0] + extents_.offset;
    parallel_ranges(pool, extents_.outer, 1 + 65536 / extents_.taken,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        std::memcpy(arguments.output + i * extents_.taken, input + i * extents_.row,
                                    static_cast<std::size_t>(extents_.taken) * sizeof(float));
                      }
                    });
  }

 private:
  SliceExtents extents_;
};

}  // namespace

const OperationType InputLayer::type{.name = "input", .change = ChangeRule::input};

const OperationType FlattenLayer::type{.name = "flatten",
                                       .change = ChangeRule::mean,
                                       .minor = true,
                                       .view = view_of_all,
                                       .infer = infer_flatten};

const OperationType DropoutLayer::type{
    .name = "dropout", .change = ChangeRule::same, .minor = true, .view = view_of_all, .infer = same_shape};

const OperationType ConcatLayer::type{.name = "concat",
                                      .change = ChangeRule::concat,
                                      .placement = OutputPlace::concat,
                                      .reach = same_position,
                                      .infer = infer_concat,
                                      .make_kernel = make_kernel_of<ConcatKernel>};

const OperationType SliceLayer::type{.name = "slice",
                                     .change = ChangeRule::mixes,
                                     .minor = true,
                                     .view = view_of_slice,
                                     .settings = slice_settings,
                                     .text = slice_text,
                                     .infer = infer_slice,
                                     .make_kernel = make_kernel_of<SliceKernel>};

}  // namespace edge
