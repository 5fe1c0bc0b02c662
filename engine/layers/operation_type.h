// What the engine knows about each operation: its name, shape rule, parameters and how it is run. Internal to
// the engine. To add an operator: its struct in engine/layer.h, its type_of() below, one file in this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/layer.h"
#include "engine/weights.h"
#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"

namespace edge {

/// What follows from an operation and the shapes of its inputs.
struct Inference {
  Shape output_shape;
  std::vector<ParameterSpec> parameters;  ///< names without the layer's: "weight", "bias"
};

/// What a LayerKernel is made from. References are used during construction only.
struct KernelContext {
  const Layer& layer;
  std::vector<Shape> input_shapes;
  const WeightSource& weights;
  kernels::Isa isa = kernels::Isa::scalar;
  kernels::SgemmFunction external_gemm = nullptr;  ///< for convolutions; null: our microkernels
  Tensor* scratch = nullptr;  ///< for values that are needed during construction only, one after the other
};

struct KernelArguments {
  std::span<const float* const> inputs;
  /// Overlaps no input, except inputs[0] if the operation is in_place, the residual if Fusions says so, and
  /// the inputs of a concat that are at their place in it already.
  float* output = nullptr;
  const float* residual = nullptr;  ///< added in front of the ReLU, or null; only if Fusions::residual
  bool relu = false;                ///< ends with a ReLU; only if the operation fuses_relu
  float ceiling = 0;                ///< and then with min(x, ceiling) unless 0; only if Fusions::ceiling
  bool max_pool = false;            ///< and then with 2x2 max pooling; only if Fusions::max_pool
  std::span<float> workspace;       ///< at least workspace_floats()
};

/// What a kernel's run() can do behind its operation, apart from a ReLU. Not all of it at once: pooling
/// excludes the others.
struct Fusions {
  bool residual = false;           ///< the addition of a tensor of the output's shape ...
  bool residual_in_place = false;  ///< ... also where the output overwrites it
  bool ceiling = false;            ///< ReLU6
  bool max_pool = false;           ///< 2x2 max pooling of stride 2 behind a ReLU
};

/// A layer with its parameters loaded, ready to run. Immutable; run() may be called from one thread at a
/// time.
class LayerKernel {
 public:
  LayerKernel() = default;
  virtual ~LayerKernel() = default;
  LayerKernel(const LayerKernel&) = delete;
  LayerKernel& operator=(const LayerKernel&) = delete;

  virtual std::size_t parameter_bytes() const { return 0; }
  virtual std::size_t workspace_floats(int /*threads*/) const { return 0; }
  virtual Fusions fusions() const { return {}; }
  virtual void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const = 0;
};

struct OperationType {
  const char* name;
  bool view = false;        ///< the output is input 0's values under another shape; nothing is run
  bool fuses_relu = false;  ///< its kernel can end with a ReLU
  bool in_place = false;    ///< the output may overwrite input 0
  /// The operation's settings as text, for Graph::description().
  std::string (*settings)(const Operation& operation) = nullptr;  ///< null: it has none
  /// Throws Error (what does not fit, without the layer's name).
  Inference (*infer)(const Operation& operation, std::span<const Shape> inputs) = nullptr;
  std::unique_ptr<LayerKernel> (*make_kernel)(const KernelContext& context) =
      nullptr;  ///< null: nothing is run
};

const OperationType& type_of(const InputLayer&);
const OperationType& type_of(const Conv2dLayer&);
const OperationType& type_of(const ReluLayer&);
const OperationType& type_of(const Relu6Layer&);
const OperationType& type_of(const LocalResponseNormLayer&);
const OperationType& type_of(const MaxPool2dLayer&);
const OperationType& type_of(const AveragePool2dLayer&);
const OperationType& type_of(const AdaptiveAveragePool2dLayer&);
const OperationType& type_of(const BatchNorm2dLayer&);
const OperationType& type_of(const ChannelScaleLayer&);
const OperationType& type_of(const LinearLayer&);
const OperationType& type_of(const FlattenLayer&);
const OperationType& type_of(const DropoutLayer&);
const OperationType& type_of(const ConcatLayer&);
const OperationType& type_of(const AddLayer&);
const OperationType& type_of(const SoftmaxLayer&);

const OperationType& operation_type(const Operation& operation);

// Helpers for the shape rules. They throw Error.
const Shape& only_input(std::span<const Shape> inputs);
const Shape& only_feature_map(std::span<const Shape> inputs);  ///< rank 4
std::string to_string(const Extent2d& extent);                 ///< "3x3"
std::string hexadecimal(double value);  ///< all of its digits, the same on every platform: "0x1p-1"
/// Checks that settings are positive (padding: not negative) and that the window fits into the padded image.
void check_window(const Shape& input, const Extent2d& kernel, const Extent2d& stride, const Extent2d& padding,
                  const Extent2d& dilation);

/// Runs task(begin, end) over [0, count) in pieces of at least `grain`, on all threads.
template <class Task>
void parallel_ranges(kernels::ThreadPool& pool, std::int64_t count, std::int64_t grain, const Task& task) {
  const std::int64_t pieces =
      std::min<std::int64_t>(std::max<std::int64_t>(count / grain, 1), pool.threads());
  if (pieces == 1) return task(std::int64_t{0}, count);
  pool.parallel_for(pieces, [&](std::int64_t piece, int /*thread*/) {
    task(count * piece / pieces, count * (piece + 1) / pieces);
  });
}

}  // namespace edge
