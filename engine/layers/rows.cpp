// reduce, arg, top, row_norm, log_softmax: operators on the rows of a matrix.
#include <algorithm>
#include <cmath>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/reduction.h"

namespace edge {
namespace {

const Shape& only_matrix(std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  if (input.rank() != 2 || input.elements() == 0) throw Error("needs a matrix, not " + input.to_string());
  return input;
}

// reduce

std::string reduce_settings(const Operation& operation) {
  return std::string("reduction=") + kernels::reduction_name(operation.get<ReduceLayer>().reduction);
}

std::string reduce_text(const Operation& operation) {
  return std::string("reduce ") + kernels::reduction_name(operation.get<ReduceLayer>().reduction);
}

Inference infer_reduce(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = {only_matrix(inputs)[0]}, .parameters = {}};
}

class ReduceKernel final : public LayerKernel {
 public:
  explicit ReduceKernel(const KernelContext& context)
      : reduction_(context.layer.operation.get<ReduceLayer>().reduction), input_(context.input_shapes[0]) {}
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::reduce_rows(reduction_, arguments.inputs[0], arguments.output, input_[0], input_[1], pool);
  }

 private:
  Reduction reduction_;
  Shape input_;
};

// arg

std::string arg_settings(const Operation& operation) {
  const auto& arg = operation.get<ArgLayer>();
  return std::string(arg.largest ? "largest" : "smallest") + (arg.last ? " last" : "");
}

std::string arg_text(const Operation& operation) {
  return operation.get<ArgLayer>().largest ? "index of the largest" : "index of the smallest";
}

class ArgKernel final : public LayerKernel {
 public:
  explicit ArgKernel(const KernelContext& context)
      : arg_(context.layer.operation.get<ArgLayer>()), input_(context.input_shapes[0]) {}
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::arg_rows(arg_.largest, arg_.last, arguments.inputs[0], arguments.output, input_[0], input_[1],
                      pool);
  }

 private:
  ArgLayer arg_;
  Shape input_;
};

// top

std::string top_settings(const Operation& operation) {
  const auto& top = operation.get<TopLayer>();
  return "count=" + std::to_string(top.count) + (top.largest ? " largest" : " smallest") +
         (top.indices ? " indices" : " values");
}

std::string top_text(const Operation& operation) {
  const auto& top = operation.get<TopLayer>();
  return "top " + std::to_string(top.count) + (top.indices ? ", indices" : "");
}

Inference infer_top(const Operation& operation, std::span<const Shape> inputs) {
  const auto& top = operation.get<TopLayer>();
  const Shape& input = only_matrix(inputs);
  if (top.count < 1 || top.count > input[1]) {
    throw Error("cannot take the first " + std::to_string(top.count) + " of " + std::to_string(input[1]));
  }
  return {.output_shape = {input[0], top.count}, .parameters = {}};
}

class TopKernel final : public LayerKernel {
 public:
  explicit TopKernel(const KernelContext& context)
      : top_(context.layer.operation.get<TopLayer>()), input_(context.input_shapes[0]) {}
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    kernels::top_rows(top_.largest, arguments.inputs[0], top_.indices ? nullptr : arguments.output,
                      top_.indices ? arguments.output : nullptr, input_[0], input_[1], top_.count, pool);
  }

 private:
  TopLayer top_;
  Shape input_;
};

// row_norm

std::string row_norm_settings(const Operation& operation) {
  const auto& norm = operation.get<RowNormLayer>();
  return "channels=" + std::to_string(norm.channels) + " epsilon=" + hexadecimal(norm.epsilon);
}

std::string row_norm_text(const Operation& operation) {
  return "norm of rows, " + std::to_string(operation.get<RowNormLayer>().channels) + " channels";
}

Inference infer_row_norm(const Operation& operation, std::span<const Shape> inputs) {
  const auto& norm = operation.get<RowNormLayer>();
  const Shape& input = only_matrix(inputs);
  if (norm.channels < 1 || input[0] % norm.channels != 0) {
    throw Error(std::to_string(norm.channels) + " channels in " + std::to_string(input[0]) + " rows");
  }
  return {.output_shape = input,
          .parameters = {{"weight", {norm.channels}, ParameterKind::norm_scale, 1},
                         {"bias", {norm.channels}, ParameterKind::norm_shift, 1}}};
}

class RowNormKernel final : public LayerKernel {
 public:
  explicit RowNormKernel(const KernelContext& context)
      : norm_(context.layer.operation.get<RowNormLayer>()),
        input_(context.input_shapes[0]),
        weight_(context.weights.load(context.layer.parameters[0])),
        bias_(context.weights.load(context.layer.parameters[1])) {}

  std::size_t parameter_bytes() const override { return weight_.bytes() + bias_.bytes(); }

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const std::int64_t columns = input_[1];
    parallel_ranges(pool, input_[0], 1 + 16384 / columns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        normalise(arguments.inputs[0] + row * columns, arguments.output + row * columns,
                  row % norm_.channels);
      }
    });
  }

 private:
  /// In double precision, rounded at the end.
  void normalise(const float* in, float* out, std::int64_t channel) const {
    const std::int64_t count = input_[1];
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += double{in[i]};
    const double mean = sum / static_cast<double>(count);
    double squares = 0;
    for (std::int64_t i = 0; i < count; ++i) squares += (double{in[i]} - mean) * (double{in[i]} - mean);
    const double scale = double{weight_.values().data()[channel]} /
                         std::sqrt(squares / static_cast<double>(count) + norm_.epsilon);
    const double shift = double{bias_.values().data()[channel]};
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<float>((double{in[i]} - mean) * scale + shift);
    }
  }

  RowNormLayer norm_;
  Shape input_;
  Array weight_;
  Array bias_;
};

// log_softmax

Inference infer_log_softmax(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = only_matrix(inputs), .parameters = {}};
}

class LogSoftmaxKernel final : public LayerKernel {
 public:
  explicit LogSoftmaxKernel(const KernelContext& context) : input_(context.input_shapes[0]) {}

  /// In double precision, rounded at the end.
  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const std::int64_t columns = input_[1];
    parallel_ranges(pool, input_[0], 1 + 4096 / columns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const float* const in = arguments.inputs[0] + row * columns;
        float* const out = arguments.output + row * columns;
        const double largest = double{*std::max_element(in, in + columns)};
        double sum = 0;
        for (std::int64_t i = 0; i < columns; ++i) sum += std::exp(double{in[i]} - largest);
        const double shift = largest + std::log(sum);
        for (std::int64_t i = 0; i < columns; ++i) out[i] = static_cast<float>(double{in[i]} - shift);
      }
    });
  }

 private:
  Shape input_;
};

}  // namespace

const OperationType ReduceLayer::type{.name = "reduce",
                                      .change = ChangeRule::mixes,
                                      .minor = true,
                                      .settings = reduce_settings,
                                      .text = reduce_text,
                                      .infer = infer_reduce,
                                      .make_kernel = make_kernel_of<ReduceKernel>};

const OperationType ArgLayer::type{.name = "arg",
                                   .change = ChangeRule::mixes,
                                   .minor = true,
                                   .settings = arg_settings,
                                   .text = arg_text,
                                   .infer = infer_reduce,
                                   .make_kernel = make_kernel_of<ArgKernel>};

const OperationType TopLayer::type{.name = "top",
                                   .change = ChangeRule::mixes,
                                   .minor = true,
                                   .settings = top_settings,
                                   .text = top_text,
                                   .infer = infer_top,
                                   .make_kernel = make_kernel_of<TopKernel>};

const OperationType RowNormLayer::type{.name = "row_norm",
                                       .change = ChangeRule::mixes,
                                       .settings = row_norm_settings,
                                       .text = row_norm_text,
                                       .infer = infer_row_norm,
                                       .make_kernel = make_kernel_of<RowNormKernel>};

const OperationType LogSoftmaxLayer::type{.name = "log_softmax",
                                          .change = ChangeRule::mixes,
                                          .infer = infer_log_softmax,
                                          .make_kernel = make_kernel_of<LogSoftmaxKernel>};

}  // namespace edge
