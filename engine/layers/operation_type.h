// The table of operators: all that the rest of the program knows about one. An operator is its settings with
// their line in engine/operations.h and one file in this folder, which defines Settings::type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/layer.h"
#include "engine/weights.h"
#include "kernels/axis_reach.h"
#include "kernels/cpu.h"
#include "kernels/dirty_map.h"
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
  /// Overlaps no input, except inputs[0] if OutputPlace::in_place, the residual if Fusions says so, and the
  /// inputs of a OutputPlace::concat that are at their place in it already.
  float* output = nullptr;
  const float* residual = nullptr;  ///< added in front of the activation, or null; only if Fusions::residual
  Activation activation = {};       ///< behind that; only if the operation fuses_activation
  bool max_pool = false;            ///< and then 2x2 max pooling; only if Fusions::max_pool
  std::span<float> workspace;       ///< at least workspace_floats()
  /// Null: all of the output is made. Else what the output (in front of the pooling) must have made anew,
  /// only if runs_part(); around it may be made more, the rest stays. `output` overlaps no input and no
  /// residual then.
  const kernels::DirtyMap* dirty = nullptr;
};

/// What a kernel's run() can do behind its operation, apart from an activation. Not all of it at once:
/// pooling excludes the addition.
struct Fusions {
  bool residual = false;           ///< the addition of a tensor of the output's shape ...
  bool residual_in_place = false;  ///< ... also where the output overwrites it
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
  /// Whether run() can make a part of the output (KernelArguments::dirty), with the bits that all of it would
  /// have.
  virtual bool runs_part() const { return false; }
  virtual void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const = 0;
};

/// Where the output lies, if it is no view.
enum class OutputPlace : std::uint8_t {
  apart,     ///< in memory of its own
  in_place,  ///< it may overwrite input 0, if that has as many elements
  concat     ///< the inputs, one behind the other: they may be made there at once (of a batch of one)
};

/// What an operation is for the kernel in front of it, which may run it as well.
struct FusedAs {
  enum class Kind : std::uint8_t {
    activation,
    addition,         ///< of two tensors of one shape
    halving_max_pool  ///< 2x2, stride 2, nothing around it
  };
  Kind kind = Kind::activation;
  Activation activation = {};
};

/// How the change rates of the output's channels follow from those of the inputs' (docs/prediction.md). Where
/// channels do not fit to it, it is taken for `mixes`.
enum class ChangeRule : std::uint8_t {
  input,        ///< they are given
  same,         ///< input 0's
  mean,         ///< one rate: the mean of all
  concat,       ///< the inputs' rates, one behind the other
  per_channel,  ///< each channel by itself: a + b r
  sum,          ///< of all inputs, channel by channel
  mixes         ///< any function of all rates
};

/// Where a change of an input's positions can be seen in the output. Output and input are feature maps of a
/// batch of one.
using kernels::Reach;

struct OperationType {
  const char* name;
  ChangeRule change;
  bool minor = false;             ///< hardly worth a box of its own: small in a picture
  bool fuses_activation = false;  ///< its kernel can end with any activation
  OutputPlace placement = OutputPlace::apart;
  /// The output is input 0's elements from the returned one on, under another shape: nothing is run. Nothing
  /// if it is not, with these shapes. Null: never.
  std::optional<std::int64_t> (*view)(const Operation& operation, const Shape& input) = nullptr;
  std::optional<FusedAs> (*fused)(const Operation& operation) = nullptr;  ///< null: into nothing
  /// The settings in full, for Graph::description(). Null: it has none.
  std::string (*settings)(const Operation& operation) = nullptr;
  /// In a few words, what is as usual left out: "conv 3x3/2, 64, pad 1". Null: its name.
  std::string (*text)(const Operation& operation) = nullptr;
  /// Of input `input` of a layer with these input shapes (ranks 4, batches of one). Nothing, or null: all of
  /// the output changes if anything does. Outputs that are not reached keep their bits on every ISA.
  std::optional<Reach> (*reach)(const Operation& operation, std::span<const Shape> inputs,
                                std::size_t input) = nullptr;
  /// Throws Error (what does not fit, without the layer's name).
  Inference (*infer)(const Operation& operation, std::span<const Shape> inputs) = nullptr;
  std::unique_ptr<LayerKernel> (*make_kernel)(const KernelContext& context) =
      nullptr;  ///< null: it is always a view, or the input
};

/// OperationType::view of operations that are one always.
std::optional<std::int64_t> view_of_all(const Operation& operation, const Shape& input);
/// OperationType::infer of operations whose output has the shape of their one input, and no parameters.
Inference same_shape(const Operation& operation, std::span<const Shape> inputs);

/// OperationType::reach of operations that make each position from the same position of all their inputs.
/// Nothing for an input of another size, which is repeated.
std::optional<Reach> same_position(const Operation& operation, std::span<const Shape> inputs,
                                   std::size_t input);

/// OperationType::make_kernel for a class that is made from the context.
template <class Kernel>
std::unique_ptr<LayerKernel> make_kernel_of(const KernelContext& context) {
  return std::make_unique<Kernel>(context);
}

// Helpers for operation_text.
std::string square_or_both(const Extent2d& extent);                       ///< "3", "3x5"
std::string window_text(const Extent2d& kernel, const Extent2d& stride);  ///< "3x3/2"
/// ", pad 1", or nothing if it is the usual extent.
std::string unless_usual(const Extent2d& usual, const char* what, const Extent2d& extent);

// Helpers for the shape rules. They throw Error.
const Shape& only_input(std::span<const Shape> inputs);
const Shape& only_feature_map(std::span<const Shape> inputs);  ///< rank 4
std::string to_string(const Extent2d& extent);                 ///< "3x3"
std::string hexadecimal(double value);  ///< all of its digits, the same on every platform: "0x1p-1"
/// " extra=1x0", or nothing if there is none.
std::string extra_settings(const Extent2d& extra);
/// Checks that settings are positive (padding: not negative) and that the window fits into the padded image,
/// which has `extra` more at the bottom and right.
void check_window(const Shape& input, const Extent2d& kernel, const Extent2d& stride, const Extent2d& padding,
                  const Extent2d& dilation, const Extent2d& extra = {0, 0});

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

/// The elements of a feature map of a batch of one: all, or only those at a map's positions. Calls
/// task(channel, first, count) for stretches of elements that follow each other, `first` counted from the
/// channel's first; on all threads.
template <class Task>
void parallel_stretches(kernels::ThreadPool& pool, const Shape& shape, const kernels::DirtyMap& dirty,
                        std::int64_t grain, const Task& task) {
  constexpr std::int64_t vector = 8;
  const std::vector<kernels::Area> areas = dirty.areas(vector);
  const std::int64_t columns = shape[3];
  std::int64_t positions = 1;
  for (const kernels::Area& area : areas) positions += area.rows * area.columns;
  parallel_ranges(pool, shape[1], 1 + grain / positions, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t channel = begin; channel < end; ++channel) {
      for (const kernels::Area& area : areas) {
        const std::int64_t stretches = area.columns == columns ? 1 : area.rows;
        const std::int64_t count = area.rows * area.columns / stretches;
        for (std::int64_t i = 0; i < stretches; ++i) {
          task(channel, (area.first_row + i) * columns + area.first_column, count);
        }
      }
    }
  });
}

/// Calls task(first, count) for all `elements` of a tensor of that shape or, with a map, for those at its
/// positions (of a feature map of a batch of one); on all threads.
template <class Task>
void parallel_elements(kernels::ThreadPool& pool, const Shape& shape, const kernels::DirtyMap* dirty,
                       std::int64_t grain, const Task& task) {
  if (dirty == nullptr) {
    return parallel_ranges(pool, shape.elements(), grain,
                           [&](std::int64_t begin, std::int64_t end) { task(begin, end - begin); });
  }
  const std::int64_t plane = shape[2] * shape[3];
  parallel_stretches(pool, shape, *dirty, grain,
                     [&](std::int64_t channel, std::int64_t first, std::int64_t count) {
                       task(channel * plane + first, count);
                     });
}

}  // namespace edge
