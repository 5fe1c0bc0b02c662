// conv2d_reference: convolution straight from the definition.
#include "kernels/conv2d.h"

namespace edge::kernels {

namespace {

/// One output element without bias. `weights` are those of its channel, `image` the first channel of its
/// group.
double element(const Conv2dShape& s, const float* image, const float* weights, std::int64_t row,
               std::int64_t column) {
  double sum = 0;
  for (std::int64_t channel = 0; channel < s.in_channels / s.groups; ++channel) {
    for (std::int64_t tap_row = 0; tap_row < s.kernel_rows; ++tap_row) {
      for (std::int64_t tap_column = 0; tap_column < s.kernel_columns; ++tap_column, ++weights) {
        const std::int64_t y = row * s.stride_rows - s.padding_rows + tap_row * s.dilation_rows;
        const std::int64_t x =
            column * s.stride_columns - s.padding_columns + tap_column * s.dilation_columns;
        const bool inside = y >= 0 && y < s.in_rows && x >= 0 && x < s.in_columns;
        const float value = inside ? image[(channel * s.in_rows + y) * s.in_columns + x] : 0.0F;
        sum += static_cast<double>(*weights) * static_cast<double>(value);
      }
    }
  }
  return sum;
}

}  // namespace

void conv2d_reference(const Conv2dShape& shape, const float* in, const float* weights, const float* bias,
                      float* out) {
  const std::int64_t in_per_group = shape.in_channels / shape.groups;
  const std::int64_t out_per_group = shape.out_channels / shape.groups;
  const std::int64_t weights_per_channel = in_per_group * shape.kernel_rows * shape.kernel_columns;
  for (std::int64_t item = 0; item < shape.batch; ++item) {
    for (std::int64_t channel = 0; channel < shape.out_channels; ++channel) {
      const std::int64_t plane = item * shape.in_channels + channel / out_per_group * in_per_group;
      const float* image = in + plane * shape.in_rows * shape.in_columns;
      for (std::int64_t row = 0; row < shape.out_rows(); ++row) {
        for (std::int64_t column = 0; column < shape.out_columns(); ++column) {
          const double sum = element(shape, image, weights + channel * weights_per_channel, row, column);
          *out++ = static_cast<float>(sum + (bias != nullptr ? static_cast<double>(bias[channel]) : 0.0));
        }
      }
    }
  }
}

}  // namespace edge::kernels
