#include "kernels/conv_stage.h"

#include <algorithm>
#include <cstddef>

namespace edge::kernels {

namespace {

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {  // b > 0, any a
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

std::vector<std::int64_t> used_phases(std::int64_t taps, std::int64_t dilation, std::int64_t stride) {
  std::vector<std::int64_t> phases;
  for (std::int64_t tap = 0; tap < taps; ++tap) phases.push_back(tap * dilation % stride);
  std::sort(phases.begin(), phases.end());
  phases.erase(std::unique(phases.begin(), phases.end()), phases.end());
  return phases;
}

std::int64_t index_of(const std::vector<std::int64_t>& phases, std::int64_t phase) {
  return std::lower_bound(phases.begin(), phases.end(), phase) - phases.begin();
}

}  // namespace

ConvStage::ConvStage(const Conv2dShape& shape, std::int64_t max_rows, std::int64_t max_columns,
                     const ConvKernels& kernels)
    : shape_(shape),
      kernels_(&kernels),
      row_phases_(used_phases(shape.kernel_rows, shape.dilation_rows, shape.stride_rows)),
      column_phases_(used_phases(shape.kernel_columns, shape.dilation_columns, shape.stride_columns)),
      max_row_shift_((shape.kernel_rows - 1) * shape.dilation_rows / shape.stride_rows),
      max_column_shift_((shape.kernel_columns - 1) * shape.dilation_columns / shape.stride_columns) {
  const bool several_taps = shape.kernel_columns > 1;
  if (several_taps && shape.stride_columns == 2) column_phases_ = {0, 1};
  if (several_taps && shape.stride_columns == 4) column_phases_ = {0, 1, 2, 3};
  pitch_ = max_columns + max_column_shift_;
  row_floats_ = static_cast<std::int64_t>(column_phases_.size()) * pitch_;
  phase_rows_ = max_rows + max_row_shift_;
  channel_floats_ = static_cast<std::int64_t>(row_phases_.size()) * phase_rows_ * row_floats_;
}

std::int64_t ConvStage::tap_offset(std::int64_t tap_row, std::int64_t tap_column) const {
  const std::int64_t row = tap_row * shape_.dilation_rows;
  const std::int64_t column = tap_column * shape_.dilation_columns;
  const std::int64_t stage_row =
      index_of(row_phases_, row % shape_.stride_rows) * phase_rows_ + row / shape_.stride_rows;
  return stage_row * row_floats_ + index_of(column_phases_, column % shape_.stride_columns) * pitch_ +
         column / shape_.stride_columns;
}

ConvStage::Columns ConvStage::columns_of(const Area& area) const {
  const std::int64_t stride = shape_.stride_columns;
  Columns columns;
  columns.count = static_cast<std::ptrdiff_t>(area.columns + max_column_shift_);
  columns.first = static_cast<std::ptrdiff_t>(area.first_column * stride - shape_.padding_columns);
  const std::int64_t left = ceil_divide(-columns.first, stride);
  const std::int64_t right = ceil_divide(shape_.in_columns - columns.first - column_phases_.back(), stride);
  columns.low = static_cast<std::ptrdiff_t>(std::clamp<std::int64_t>(left, 0, columns.count));
  columns.high = static_cast<std::ptrdiff_t>(std::clamp<std::int64_t>(right, columns.low, columns.count));
  return columns;
}

void ConvStage::fill(const float* plane, const Area& area, float* to) const {
  const Columns columns = columns_of(area);
  const auto row_floats = static_cast<std::ptrdiff_t>(row_floats_);
  const auto row_step = static_cast<std::ptrdiff_t>(shape_.stride_rows);
  const auto in_rows = static_cast<std::ptrdiff_t>(shape_.in_rows);
  const auto in_columns = static_cast<std::ptrdiff_t>(shape_.in_columns);
  const auto rows = static_cast<std::ptrdiff_t>(area.rows + max_row_shift_);
  for (std::size_t phase = 0; phase < row_phases_.size(); ++phase) {
    float* row_to = to + static_cast<std::ptrdiff_t>(phase) * phase_rows_ * row_floats;
    auto y = static_cast<std::ptrdiff_t>(area.first_row * shape_.stride_rows + row_phases_[phase] -
                                         shape_.padding_rows);
    for (std::ptrdiff_t row = 0; row < rows; ++row, y += row_step, row_to += row_floats) {
      if (y < 0 || y >= in_rows) {
        std::fill_n(row_to, row_floats, 0.0F);
      } else {
        fill_row(plane + y * in_columns, columns, row_to);
      }
    }
  }
}

/// Elements outside of [low, high): at most the two next to it lie inside the image, and only for some
/// phases.
void ConvStage::fill_borders(const float* row, const Columns& columns, float* to) const {
  const auto stride = static_cast<std::ptrdiff_t>(shape_.stride_columns);
  const auto in_columns = static_cast<std::ptrdiff_t>(shape_.in_columns);
  const auto pitch = static_cast<std::ptrdiff_t>(pitch_);
  const std::ptrdiff_t before = columns.first + (columns.low - 1) * stride;
  const std::ptrdiff_t behind = columns.first + columns.high * stride;
  for (const std::int64_t long_phase : column_phases_) {
    const auto phase = static_cast<std::ptrdiff_t>(long_phase);
    const auto value = [&](std::ptrdiff_t column) {
      return column >= 0 && column < in_columns ? row[column] : 0.0F;
    };
    if (columns.low > 1) std::fill_n(to, columns.low - 1, 0.0F);
    if (columns.low > 0) to[columns.low - 1] = value(before + phase);
    if (columns.high < columns.count) to[columns.high] = value(behind + phase);
    if (columns.high + 1 < columns.count) std::fill(to + columns.high + 1, to + columns.count, 0.0F);
    to += pitch;
  }
}

void ConvStage::fill_row(const float* row, const Columns& columns, float* to) const {
  const auto stride = static_cast<std::ptrdiff_t>(shape_.stride_columns);
  const std::ptrdiff_t low = columns.low;
  const std::ptrdiff_t inside = columns.high - low;
  if (low > 0 || columns.high < columns.count) fill_borders(row, columns, to);
  if (inside == 0) return;
  const float* from = row + columns.first + low * stride;
  if (stride == 1) {
    std::copy_n(from, inside, to + low);
  } else if (static_cast<std::ptrdiff_t>(column_phases_.size()) == stride && (stride == 2 || stride == 4)) {
    kernels_->split_phases(from, inside, static_cast<int>(stride), pitch_, to + low);
  } else {
    for (std::size_t phase = 0; phase < column_phases_.size(); ++phase) {
      float* phase_to = to + static_cast<std::ptrdiff_t>(phase) * pitch_ + low;
      const float* phase_from = from + column_phases_[phase];
      for (std::ptrdiff_t i = 0; i < inside; ++i) phase_to[i] = phase_from[i * stride];
    }
  }
}

}  // namespace edge::kernels
