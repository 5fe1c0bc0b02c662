// Settings of the operators that work on arrays of any rank: what imported networks need beside the layers of
// engine/operations.h. Pure descriptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/operations.h"
#include "engine/shape.h"
#include "engine/strided_view.h"
#include "kernels/binary.h"
#include "kernels/padding.h"
#include "kernels/reduction.h"
#include "kernels/unary.h"

namespace edge {

using kernels::BinaryFunction;
using kernels::PaddingMode;
using kernels::Reduction;
using kernels::UnaryFunction;

/// A function of each value.
struct UnaryLayer {
  UnaryFunction function = UnaryFunction::absolute;
  static const OperationType type;
};

/// A function of two values, of two inputs or of one and the parameter "operand"; the smaller is repeated
/// along extents of 1 and in front of its own dimensions.
struct BinaryLayer {
  BinaryFunction function = BinaryFunction::add;
  std::optional<Shape> operand = {};  ///< extents of the parameter
  bool operand_first = false;
  static const OperationType type;
};

/// Input 1 where input 0 is not 0, else input 2; all repeated as in BinaryLayer.
struct SelectLayer {
  static const OperationType type;
};

/// The input's elements as `from` says (its memory is the input's), under the extents `output`: reshapes,
/// transpositions, slices, repetitions, and what can be made of them in one copy.
struct RearrangeLayer {
  StridedView from = {};
  Shape output = {};
  static const OperationType type;
};

/// The parameter "value", whatever the input.
struct ConstantLayer {
  Shape output = {};
  static const OperationType type;
};

/// One entry per dimension.
struct PadLayer {
  std::vector<std::int64_t> before = {};
  std::vector<std::int64_t> after = {};
  PaddingMode mode = PaddingMode::constant;
  float value = 0;
  static const OperationType type;
};

/// Inputs of one rank, one behind the other along `axis`.
struct JoinLayer {
  std::int64_t axis = 0;
  static const OperationType type;
};

/// Input 0's elements along `axis` in the order of the indices: those given here, or else input 1 (numbers
/// from 0 on; negative ones count from the end). The output has the extents of input 0 with `axis` replaced
/// by one of as many as there are indices.
struct GatherLayer {
  std::int64_t axis = 0;
  std::vector<std::int64_t> indices = {};
  static const OperationType type;
};

/// Of the rows of a matrix: R x C to R.
struct ReduceLayer {
  Reduction reduction = Reduction::mean;
  static const OperationType type;
};

/// Index of the largest (smallest) value of each row of a matrix: R x C to R.
struct ArgLayer {
  bool largest = true;
  bool last = false;  ///< of several the last
  static const OperationType type;
};

/// The `count` largest (smallest) of each row of a matrix, or their indices: R x C to R x count.
struct TopLayer {
  std::int64_t count = 1;
  bool largest = true;
  bool indices = false;
  static const OperationType type;
};

/// B x M x K times B x K x N, or 1 x K x N.
struct MatrixProductLayer {
  static const OperationType type;
};

/// Rows of a matrix, each minus its mean and divided by its deviation, then scaled and shifted by the
/// parameters "weight" and "bias" of `channels` values: row r by those of channel r modulo channels.
struct RowNormLayer {
  std::int64_t channels = 1;
  double epsilon = 1e-5;
  static const OperationType type;
};

/// Along the last dimension of a matrix: x - log(sum(exp(x))).
struct LogSoftmaxLayer {
  static const OperationType type;
};

struct ConvTranspose2dLayer {
  std::int64_t out_channels = 0;
  Extent2d kernel{1, 1};
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};  ///< cut off at the top and left
  Extent2d output{1, 1};   ///< rows and columns
  Extent2d dilation{1, 1};
  std::int64_t groups = 1;
  bool bias = true;
  static const OperationType type;
};

/// The position in the input of the middle of an output pixel x, in pixels.
enum class ResizeCoordinates : std::uint8_t {
  half_pixel,            ///< (x + 0.5) / scale - 0.5
  half_pixel_symmetric,  ///< likewise, around the middle of the image if sizes do not fit to the scale
  pytorch_half_pixel,    ///< half_pixel, but 0 for one output pixel
  align_corners,         ///< x (in - 1) / (in scale - 1)
  asymmetric,            ///< x / scale
  half_pixel_nearest,    ///< (x + 0.5) / scale
  crop                   ///< from `crop_begin` to `crop_end`, fractions of the image
};
enum class ResizeRounding : std::uint8_t { half_down, half_up, floor, ceiling };

/// Of the last two dimensions.
struct ResizeLayer {
  struct Axis {
    std::int64_t output = 1;
    double scale = 1;
    double crop_begin = 0;
    double crop_end = 1;
  };
  Axis rows = {};
  Axis columns = {};
  bool linear = false;  ///< else the nearest pixel
  ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
  ResizeRounding rounding = ResizeRounding::half_down;
  float outside = 0;  ///< of a crop that reaches beyond the image
  static const OperationType type;
};

/// All of the above, for what goes through all operators (tests).
using ArrayOperations =
    OperationList<UnaryLayer, BinaryLayer, SelectLayer, RearrangeLayer, ConstantLayer, PadLayer, JoinLayer,
                  GatherLayer, ReduceLayer, ArgLayer, TopLayer, MatrixProductLayer, RowNormLayer,
                  LogSoftmaxLayer, ConvTranspose2dLayer, ResizeLayer>;

}  // namespace edge
