#include "kernels/conv_stage.h"

#include <algorithm>

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

void ConvStage::fill(const float* plane, const OutputArea& area, float* to) const {
  for (std::size_t phase = 0; phase < row_phases_.size(); ++phase) {
    float* phase_to = to + static_cast<std::int64_t>(phase) * phase_rows_ * row_floats_;
    for (std::int64_t row = 0; row < area.rows + max_row_shift_; ++row) {
      const std::int64_t y =
          (area.first_row + row) * shape_.stride_rows + row_phases_[phase] - shape_.padding_rows;
      float* row_to = phase_to + row * row_floats_;
      if (y < 0 || y >= shape_.in_rows) {
        std::fill_n(row_to, row_floats_, 0.0F);
      } else {
        fill_row(plane + y * shape_.in_columns, area, row_to);
      }
    }
  }
}

void ConvStage::fill_row(const float* row, const OutputArea& area, float* to) const {
  const std::int64_t stride = shape_.stride_columns;
  const std::int64_t count = area.columns + max_column_shift_;
  const std::int64_t first = area.first_column * stride - shape_.padding_columns;
  // Element i of phase p is input column first + i * stride + p. All phases lie inside the image for i in
  // [low, high).
  const std::int64_t last_phase = column_phases_.back();
  const std::int64_t low = std::clamp<std::int64_t>(ceil_divide(-first, stride), 0, count);
  const std::int64_t high =
      std::clamp<std::int64_t>(ceil_divide(shape_.in_columns - first - last_phase, stride), low, count);
  const auto border = [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t phase = 0; phase < column_phases_.size(); ++phase) {
      float* phase_to = to + static_cast<std::int64_t>(phase) * pitch_;
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t column = first + i * stride + column_phases_[phase];
        phase_to[i] = column >= 0 && column < shape_.in_columns ? row[column] : 0.0F;
      }
    }
  };
  border(0, low);
  border(high, count);
  if (low == high) return;
  const float* from = row + first + low * stride;
  if (stride == 1) {
    std::copy_n(from, high - low, to + low);
  } else if (static_cast<std::int64_t>(column_phases_.size()) == stride && (stride == 2 || stride == 4)) {
    kernels_->split_phases(from, high - low, static_cast<int>(stride), pitch_, to + low);
  } else {
    for (std::size_t phase = 0; phase < column_phases_.size(); ++phase) {
      float* phase_to = to + static_cast<std::int64_t>(phase) * pitch_ + low;
      const float* phase_from = from + column_phases_[phase];
      for (std::int64_t i = 0; i < high - low; ++i) phase_to[i] = phase_from[i * stride];
    }
  }
}

}  // namespace edge::kernels
