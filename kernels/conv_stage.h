// The stage: a zero-padded copy of the part of some input channels that an output tile needs, with strided
// columns split into phases, so that every tap of the kernel reads its elements side by side:
//
//   input column of output column c under tap column j:  c * stride + j * dilation - padding
//   phase (j * dilation) % stride, element c + (j * dilation) / stride
//
// and rows alike. Whatever the stride, padding or dilation, packing is then plain copying at fixed offsets,
// and the deinterleaving is done once per input row instead of once per tap. Immutable, any thread, no
// errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/area.h"
#include "kernels/conv2d.h"
#include "kernels/conv_kernels.h"

namespace edge::kernels {

class ConvStage {
 public:
  /// For areas (of the output) of at most max_rows x max_columns elements.
  ConvStage(const Conv2dShape& shape, std::int64_t max_rows, std::int64_t max_columns,
            const ConvKernels& kernels);

  /// Floats of one channel of one area.
  std::int64_t channel_floats() const { return channel_floats_; }
  /// Offset of the element under tap (row, column) for output (0, 0) of an area.
  std::int64_t tap_offset(std::int64_t tap_row, std::int64_t tap_column) const;
  /// Offset of output (row, column) of an area.
  std::int64_t output_offset(std::int64_t row, std::int64_t column) const {
    return row * row_floats_ + column;
  }

  /// Copies one channel's plane (in_rows x in_columns) into `to` (channel_floats()).
  void fill(const float* plane, const Area& area, float* to) const;

 private:
  /// Element i of phase p is input column first + i * stride + p, for i < count. All phases lie inside the
  /// image for i in [low, high).
  struct Columns {
    std::ptrdiff_t first, count, low, high;
  };
  Columns columns_of(const Area& area) const;
  void fill_borders(const float* row, const Columns& columns, float* to) const;
  void fill_row(const float* row, const Columns& columns, float* to) const;

  Conv2dShape shape_;
  const ConvKernels* kernels_;
  std::vector<std::int64_t> row_phases_;     ///< which phases the taps use, ascending
  std::vector<std::int64_t> column_phases_;  ///< with stride 2 or 4 and several taps: all of them
  std::int64_t max_row_shift_;
  std::int64_t max_column_shift_;
  std::int64_t pitch_;           ///< floats of one phase of a row
  std::int64_t row_floats_;      ///< column phases x pitch
  std::int64_t phase_rows_;      ///< rows of one row phase
  std::int64_t channel_floats_;  ///< row phases x phase rows x row floats
};

}  // namespace edge::kernels
