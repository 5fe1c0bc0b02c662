// rearrange, constant, pad, join, gather: operators that move values and compute none.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/padding.h"
#include "kernels/strided_copy.h"

namespace edge {
namespace {

std::string list_text(const std::vector<std::int64_t>& values) {
  std::string text;
  for (const std::int64_t value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

// rearrange

std::string rearrange_settings(const Operation& operation) {
  const auto& layer = operation.get<RearrangeLayer>();
  return "from=" + list_text(layer.from.sizes) + ":" + list_text(layer.from.strides) + ":" +
         std::to_string(layer.from.offset) + " output=" + layer.output.to_string();
}

std::string rearrange_text(const Operation& operation) {
  const auto& layer = operation.get<RearrangeLayer>();
  return (layer.from.contiguous() ? "reshape to " : "rearrange to ") + layer.output.to_string();
}

Inference infer_rearrange(const Operation& operation, std::span<const Shape> inputs) {
  const auto& layer = operation.get<RearrangeLayer>();
  const Shape& input = only_input(inputs);
  if (layer.from.elements() != layer.output.elements() || layer.output.elements() == 0) {
    throw Error("cannot make " + layer.output.to_string() + " of " + std::to_string(layer.from.elements()) +
                " elements");
  }
  std::int64_t least = layer.from.offset;
  std::int64_t most = layer.from.offset;
  for (std::size_t axis = 0; axis < layer.from.sizes.size(); ++axis) {
    const std::int64_t reach = (layer.from.sizes[axis] - 1) * layer.from.strides[axis];
    (reach < 0 ? least : most) += reach;
  }
  if (least < 0 || most >= input.elements()) {
    throw Error("elements " + std::to_string(least) + " to " + std::to_string(most) + " are not in " +
                input.to_string());
  }
  return {.output_shape = layer.output, .parameters = {}};
}

std::optional<std::int64_t> view_of_rearrange(const Operation& operation, const Shape& /*input*/) {
  const auto& layer = operation.get<RearrangeLayer>();
  return layer.from.contiguous() ? std::optional(layer.from.offset) : std::nullopt;
}

class RearrangeKernel final : public LayerKernel {
 public:
  explicit RearrangeKernel(const KernelContext& context) {
    const StridedView view = context.layer.operation.get<RearrangeLayer>().from.collapsed();
    copy_ = {view.sizes, view.strides};
    offset_ = view.offset;
  }
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    copy_.run(arguments.inputs[0] + offset_, arguments.output, pool);
  }

 private:
  kernels::StridedCopy copy_;
  std::int64_t offset_ = 0;
};

// constant

std::string constant_settings(const Operation& operation) {
  return "output=" + operation.get<ConstantLayer>().output.to_string();
}

std::string constant_text(const Operation& operation) {
  return "constant " + operation.get<ConstantLayer>().output.to_string();
}

Inference infer_constant(const Operation& operation, std::span<const Shape> /*inputs*/) {
  const Shape& output = operation.get<ConstantLayer>().output;
  return {.output_shape = output, .parameters = {{"value", output, ParameterKind::norm_scale, 1}}};
}

class ConstantKernel final : public LayerKernel {
 public:
  explicit ConstantKernel(const KernelContext& context)
      : value_(context.weights.load(context.layer.parameters[0])) {}
  std::size_t parameter_bytes() const override { return value_.bytes(); }
  void run(const KernelArguments& arguments, kernels::ThreadPool& /*pool*/) const override {
    std::memcpy(arguments.output, value_.values().data(), value_.bytes());
  }

 private:
  Array value_;
};

// pad

const char* mode_name(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::constant:
      return "constant";
    case PaddingMode::reflect:
      return "reflect";
    case PaddingMode::edge:
      return "edge";
  }
  return "";
}

std::string pad_settings(const Operation& operation) {
  const auto& pad = operation.get<PadLayer>();
  return std::string("mode=") + mode_name(pad.mode) + " before=" + list_text(pad.before) +
         " after=" + list_text(pad.after) + " value=" + hexadecimal(double{pad.value});
}

std::string pad_text(const Operation& operation) {
  const auto& pad = operation.get<PadLayer>();
  return "pad " + list_text(pad.before) + " and " + list_text(pad.after) +
         (pad.mode == PaddingMode::constant ? "" : std::string(", ") + mode_name(pad.mode));
}

Inference infer_pad(const Operation& operation, std::span<const Shape> inputs) {
  constexpr std::int64_t most = 1 << 24;
  const auto& pad = operation.get<PadLayer>();
  const Shape& input = only_input(inputs);
  std::vector<std::int64_t> extents(input.extents().begin(), input.extents().end());
  if (extents.empty() || pad.before.size() != extents.size() || pad.after.size() != extents.size()) {
    throw Error("cannot pad " + std::to_string(pad.before.size()) + " dimensions of " + input.to_string());
  }
  for (std::size_t i = 0; i < extents.size(); ++i) {
    for (const std::int64_t padding : {pad.before[i], pad.after[i]}) {
      if (padding < 0 || padding > most)
        throw Error("padding " + std::to_string(padding) + " is out of range");
      if (pad.mode == PaddingMode::reflect && padding >= extents[i]) {
        throw Error("cannot reflect " + std::to_string(padding) + " elements of " +
                    std::to_string(extents[i]));
      }
    }
    extents[i] += pad.before[i] + pad.after[i];
  }
  return {.output_shape = Shape(std::span<const std::int64_t>(extents)), .parameters = {}};
}

class PadKernel final : public LayerKernel {
 public:
  explicit PadKernel(const KernelContext& context) {
    const auto& pad = context.layer.operation.get<PadLayer>();
    const auto sizes = context.input_shapes[0].extents();
    shape_ = {{sizes.begin(), sizes.end()}, pad.before, pad.after, pad.mode, pad.value};
  }
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::pad(shape_, arguments.inputs[0], arguments.output, pool);
  }

 private:
  kernels::PaddingShape shape_;
};

// join

std::string join_settings(const Operation& operation) {
  return "axis=" + std::to_string(operation.get<JoinLayer>().axis);
}

std::string join_text(const Operation& operation) {
  return "join along axis " + std::to_string(operation.get<JoinLayer>().axis);
}

Inference infer_join(const Operation& operation, std::span<const Shape> inputs) {
  if (inputs.empty()) throw Error("takes at least one input");
  const std::int64_t axis = operation.get<JoinLayer>().axis;
  std::vector<std::int64_t> extents(inputs[0].extents().begin(), inputs[0].extents().end());
  if (axis < 0 || axis >= static_cast<std::int64_t>(extents.size())) {
    throw Error("axis " + std::to_string(axis) + " does not exist in " + inputs[0].to_string());
  }
  std::int64_t& joined = extents[static_cast<std::size_t>(axis)];
  joined = 0;
  for (const Shape& input : inputs) {
    bool fits = input.rank() == extents.size();
    for (std::size_t i = 0; fits && i < extents.size(); ++i) {
      fits = static_cast<std::int64_t>(i) == axis || input[i] == extents[i];
    }
    if (!fits) {
      throw Error("cannot join " + inputs[0].to_string() + " and " + input.to_string() + " along axis " +
                  std::to_string(axis));
    }
    joined += input[static_cast<std::size_t>(axis)];
  }
  return {.output_shape = Shape(std::span<const std::int64_t>(extents)), .parameters = {}};
}

class JoinKernel final : public LayerKernel {
 public:
  explicit JoinKernel(const KernelContext& context) {
    const auto axis = static_cast<std::size_t>(context.layer.operation.get<JoinLayer>().axis);
    const Shape& output = context.layer.output_shape;
    for (std::size_t i = 0; i < axis; ++i) outer_ *= output[i];
    for (const Shape& shape : context.input_shapes) lengths_.push_back(shape.elements() / outer_);
    row_ = output.elements() / outer_;
  }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < lengths_.size(); ++i) {
      const std::int64_t length = lengths_[i];
      float* const output = arguments.output + first;
      const float* const input = arguments.inputs[i];
      first += length;
      if (input == output) continue;  // it was made here
      parallel_ranges(pool, outer_, 1 + 65536 / length, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t o = begin; o < end; ++o) {
          std::memcpy(output + o * row_, input + o * length,
                      static_cast<std::size_t>(length) * sizeof(float));
        }
      });
    }
  }

 private:
  std::int64_t outer_ = 1;
  std::int64_t row_ = 0;
  std::vector<std::int64_t> lengths_;  // of an input's elements in a row of the output
};

// gather

std::string gather_settings(const Operation& operation) {
  const auto& gather = operation.get<GatherLayer>();
  return "axis=" + std::to_string(gather.axis) + " indices=" + list_text(gather.indices);
}

std::string gather_text(const Operation& operation) {
  return "gather along axis " + std::to_string(operation.get<GatherLayer>().axis);
}

Inference infer_gather(const Operation& operation, std::span<const Shape> inputs) {
  const auto& gather = operation.get<GatherLayer>();
  const bool dynamic = gather.indices.empty();
  if (inputs.size() != (dynamic ? 2U : 1U))
    throw Error("takes other inputs than " + std::to_string(inputs.size()));
  const Shape& input = inputs[0];
  if (gather.axis < 0 || gather.axis >= static_cast<std::int64_t>(input.rank())) {
    throw Error("axis " + std::to_string(gather.axis) + " does not exist in " + input.to_string());
  }
  const auto axis = static_cast<std::size_t>(gather.axis);
  for (const std::int64_t index : gather.indices) {
    if (index < 0 || index >= input[axis]) throw Error("index " + std::to_string(index) + " is out of range");
  }
  std::vector<std::int64_t> extents(input.extents().begin(), input.extents().end());
  extents[axis] = dynamic ? inputs[1].elements() : static_cast<std::int64_t>(gather.indices.size());
  return {.output_shape = Shape(std::span<const std::int64_t>(extents)), .parameters = {}};
}

class GatherKernel final : public LayerKernel {
 public:
  explicit GatherKernel(const KernelContext& context)
      : indices_(context.layer.operation.get<GatherLayer>().indices) {
    const auto axis = static_cast<std::size_t>(context.layer.operation.get<GatherLayer>().axis);
    const Shape& input = context.input_shapes[0];
    extent_ = input[axis];
    count_ = context.layer.output_shape[axis];
    for (std::size_t i = 0; i < axis; ++i) outer_ *= input[i];
    inner_ = input.elements() / std::max<std::int64_t>(outer_ * extent_, 1);
  }

  void run(const KernelArguments& arguments, kernels::ThreadPool& /*pool*/) const override {
    for (std::int64_t o = 0; o < outer_; ++o) {
      for (std::int64_t i = 0; i < count_; ++i) {
        const std::int64_t index =
            indices_.empty() ? dynamic_index(arguments.inputs[1][i]) : indices_[static_cast<std::size_t>(i)];
        std::memcpy(arguments.output + (o * count_ + i) * inner_,
                    arguments.inputs[0] + (o * extent_ + index) * inner_,
                    static_cast<std::size_t>(inner_) * sizeof(float));
      }
    }
  }

 private:
  /// What a network computes may be anything: the nearest element that exists.
  std::int64_t dynamic_index(float value) const {
    if (!(value >= static_cast<float>(-extent_))) return 0;  // NaN, too
    if (value >= static_cast<float>(extent_)) return extent_ - 1;
    const auto index = static_cast<std::int64_t>(value);
    return index < 0 ? index + extent_ : index;
  }

  std::vector<std::int64_t> indices_;
  std::int64_t extent_ = 0;
  std::int64_t count_ = 0;
  std::int64_t outer_ = 1;
  std::int64_t inner_ = 1;
};

}  // namespace

const OperationType RearrangeLayer::type{.name = "rearrange",
                                         .change = ChangeRule::mixes,
                                         .minor = true,
                                         .view = view_of_rearrange,
                                         .settings = rearrange_settings,
                                         .text = rearrange_text,
                                         .infer = infer_rearrange,
                                         .make_kernel = make_kernel_of<RearrangeKernel>};

const OperationType ConstantLayer::type{.name = "constant",
                                        .change = ChangeRule::mixes,
                                        .minor = true,
                                        .settings = constant_settings,
                                        .text = constant_text,
                                        .infer = infer_constant,
                                        .make_kernel = make_kernel_of<ConstantKernel>};

const OperationType PadLayer::type{.name = "pad",
                                   .change = ChangeRule::per_channel,
                                   .minor = true,
                                   .settings = pad_settings,
                                   .text = pad_text,
                                   .infer = infer_pad,
                                   .make_kernel = make_kernel_of<PadKernel>};

const OperationType JoinLayer::type{.name = "join",
                                    .change = ChangeRule::mixes,
                                    .settings = join_settings,
                                    .text = join_text,
                                    .infer = infer_join,
                                    .make_kernel = make_kernel_of<JoinKernel>};

const OperationType GatherLayer::type{.name = "gather",
                                      .change = ChangeRule::mixes,
                                      .minor = true,
                                      .settings = gather_settings,
                                      .text = gather_text,
                                      .infer = infer_gather,
                                      .make_kernel = make_kernel_of<GatherKernel>};

}  // namespace edge
