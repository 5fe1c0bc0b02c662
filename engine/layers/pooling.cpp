// max_pool2d, average_pool2d, adaptive_average_pool2d, with PyTorch's rules for padding and ceil_mode.
#include "kernels/pooling.h"

#include "engine/error.h"
#include "engine/layers/operation_type.h"

namespace edge {
namespace {

kernels::Pool2dShape pool2d_shape(const Shape& input, const Extent2d& kernel, const Extent2d& stride,
                                  const Extent2d& padding, const Extent2d& extra) {
  kernels::Pool2dShape shape;
  shape.planes = input[0] * input[1];
  shape.in_rows = input[2];
  shape.in_columns = input[3];
  shape.kernel_rows = kernel.rows;
  shape.kernel_columns = kernel.columns;
  shape.stride_rows = stride.rows;
  shape.stride_columns = stride.columns;
  shape.padding_rows = padding.rows;
  shape.padding_columns = padding.columns;
  shape.extra_rows = extra.rows;
  shape.extra_columns = extra.columns;
  return shape;
}

kernels::Pool2dShape pool2d_shape(const MaxPool2dLayer& pool, const Shape& input) {
  kernels::Pool2dShape shape = pool2d_shape(input, pool.kernel, pool.stride, pool.padding, pool.extra);
  shape.dilation_rows = pool.dilation.rows;
  shape.dilation_columns = pool.dilation.columns;
  shape.ceil_mode = pool.ceil_mode;
  return shape;
}

kernels::Pool2dShape pool2d_shape(const AveragePool2dLayer& pool, const Shape& input) {
  kernels::Pool2dShape shape = pool2d_shape(input, pool.kernel, pool.stride, pool.padding, pool.extra);
  shape.ceil_mode = pool.ceil_mode;
  shape.count_include_pad = pool.count_include_pad;
  return shape;
}

std::string window_settings(const Extent2d& kernel, const Extent2d& stride, const Extent2d& padding,
                            bool ceil_mode) {
  return "kernel=" + to_string(kernel) + " stride=" + to_string(stride) + " padding=" + to_string(padding) +
         " ceil_mode=" + std::to_string(ceil_mode);
}

std::string max_settings(const Operation& operation) {
  const auto& pool = operation.get<MaxPool2dLayer>();
  return window_settings(pool.kernel, pool.stride, pool.padding, pool.ceil_mode) +
         " dilation=" + to_string(pool.dilation) + extra_settings(pool.extra);
}

std::string average_settings(const Operation& operation) {
  const auto& pool = operation.get<AveragePool2dLayer>();
  return window_settings(pool.kernel, pool.stride, pool.padding, pool.ceil_mode) +
         " count_include_pad=" + std::to_string(pool.count_include_pad) + extra_settings(pool.extra);
}

std::string adaptive_settings(const Operation& operation) {
  return "output=" + to_string(operation.get<AdaptiveAveragePool2dLayer>().output);
}

std::string max_text(const Operation& operation) {
  const auto& pool = operation.get<MaxPool2dLayer>();
  return "max pool " + window_text(pool.kernel, pool.stride) + unless_usual({0, 0}, "pad", pool.padding) +
         unless_usual({1, 1}, "dilation", pool.dilation) + (pool.ceil_mode ? ", ceil" : "");
}

std::string average_text(const Operation& operation) {
  const auto& pool = operation.get<AveragePool2dLayer>();
  return "avg pool " + window_text(pool.kernel, pool.stride) + unless_usual({0, 0}, "pad", pool.padding) +
         (pool.ceil_mode ? ", ceil" : "");
}

std::string adaptive_text(const Operation& operation) {
  return "avg pool to " + to_string(operation.get<AdaptiveAveragePool2dLayer>().output);
}

/// With ceil_mode windows may reach beyond the feature map: the compiler looks at the shapes.
std::optional<FusedAs> max_pool_fused(const Operation& operation) {
  const auto& pool = operation.get<MaxPool2dLayer>();
  const bool halves = pool.kernel == Extent2d{2, 2} && pool.stride == Extent2d{2, 2} &&
                      pool.padding == Extent2d{0, 0} && pool.dilation == Extent2d{1, 1};
  if (!halves) return std::nullopt;
  return FusedAs{.kind = FusedAs::Kind::halving_max_pool};
}

void check_padding(const Extent2d& kernel, const Extent2d& padding, const Extent2d& extra, bool wide) {
  const Extent2d end{padding.rows + extra.rows, padding.columns + extra.columns};
  for (const Extent2d& side : {padding, end}) {
    const bool half = 2 * side.rows <= kernel.rows && 2 * side.columns <= kernel.columns;
    if (!wide && !half) {
      throw Error("padding " + to_string(side) + " is more than half of the kernel " + to_string(kernel));
    }
    if (side.rows >= kernel.rows || side.columns >= kernel.columns) {
      throw Error("padding " + to_string(side) + " is as large as the kernel " + to_string(kernel));
    }
  }
}

template <class Pool>
Inference infer_pooling(const Operation& operation, std::span<const Shape> inputs) {
  const auto& pool = operation.get<Pool>();
  const Shape& input = only_feature_map(inputs);
  Extent2d dilation{1, 1};
  if constexpr (requires { pool.dilation; }) dilation = pool.dilation;
  check_window(input, pool.kernel, pool.stride, pool.padding, dilation, pool.extra);
  check_padding(pool.kernel, pool.padding, pool.extra, pool.wide_padding);
  const kernels::Pool2dShape shape = pool2d_shape(pool, input);
  return {.output_shape = {input[0], input[1], shape.out_rows(), shape.out_columns()}, .parameters = {}};
}

template <class Pool>
std::optional<Reach> pooling_reach(const Operation& operation, std::span<const Shape> inputs,
                                   std::size_t /*input*/) {
  const kernels::Pool2dShape shape = pool2d_shape(operation.get<Pool>(), inputs[0]);
  return Reach{
      kernels::AxisReach::windows(shape.in_rows, shape.out_rows(), shape.kernel_rows, shape.stride_rows,
                                  shape.padding_rows, shape.dilation_rows),
      kernels::AxisReach::windows(shape.in_columns, shape.out_columns(), shape.kernel_columns,
                                  shape.stride_columns, shape.padding_columns, shape.dilation_columns)};
}

Inference infer_adaptive(const Operation& operation, std::span<const Shape> inputs) {
  const auto& pool = operation.get<AdaptiveAveragePool2dLayer>();
  const Shape& input = only_feature_map(inputs);
  check_window(input, {1, 1}, pool.output, {0, 0}, {1, 1});  // the output extents have a stride's range
  return {.output_shape = {input[0], input[1], pool.output.rows, pool.output.columns}, .parameters = {}};
}

template <class Pool>
class PoolKernel final : public LayerKernel {
 public:
  explicit PoolKernel(const KernelContext& context)
      : isa_(context.isa),
        shape_(pool2d_shape(context.layer.operation.get<Pool>(), context.input_shapes[0])) {}

  bool runs_part() const override { return true; }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    constexpr bool is_max = std::is_same_v<Pool, MaxPool2dLayer>;
    const float* const in = arguments.inputs[0];
    if (arguments.dirty == nullptr) {
      constexpr auto all = is_max ? kernels::max_pool2d : kernels::average_pool2d;
      return all(isa_, shape_, in, arguments.output, pool);
    }
    constexpr std::int64_t vector = 8;
    constexpr auto part = is_max ? kernels::max_pool2d_part : kernels::average_pool2d_part;
    part(isa_, shape_, in, arguments.output, arguments.dirty->areas(vector), pool);
  }

 private:
  kernels::Isa isa_;
  kernels::Pool2dShape shape_;
};

class AdaptivePoolKernel final : public LayerKernel {
 public:
  explicit AdaptivePoolKernel(const KernelContext& context)
      : isa_(context.isa),
        input_(context.input_shapes[0]),
        output_(context.layer.operation.get<AdaptiveAveragePool2dLayer>().output) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::adaptive_average_pool2d(isa_, input_[0] * input_[1], input_[2], input_[3], output_.rows,
                                     output_.columns, arguments.inputs[0], arguments.output, pool);
  }

 private:
  kernels::Isa isa_;
  Shape input_;
  Extent2d output_;
};

}  // namespace

const OperationType MaxPool2dLayer::type{.name = "max_pool2d",
                                         .change = ChangeRule::per_channel,
                                         .fused = max_pool_fused,
                                         .settings = max_settings,
                                         .text = max_text,
                                         .reach = pooling_reach<MaxPool2dLayer>,
                                         .infer = infer_pooling<MaxPool2dLayer>,
                                         .make_kernel = make_kernel_of<PoolKernel<MaxPool2dLayer>>};

const OperationType AveragePool2dLayer::type{.name = "average_pool2d",
                                             .change = ChangeRule::per_channel,
                                             .settings = average_settings,
                                             .text = average_text,
                                             .reach = pooling_reach<AveragePool2dLayer>,
                                             .infer = infer_pooling<AveragePool2dLayer>,
                                             .make_kernel = make_kernel_of<PoolKernel<AveragePool2dLayer>>};

const OperationType AdaptiveAveragePool2dLayer::type{.name = "adaptive_average_pool2d",
                                                     .change = ChangeRule::per_channel,
                                                     .settings = adaptive_settings,
                                                     .text = adaptive_text,
                                                     .infer = infer_adaptive,
                                                     .make_kernel = make_kernel_of<AdaptivePoolKernel>};

}  // namespace edge
