// What the benchmarks of convolutions share: a layer as a line of a table, and seeded values.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/conv2d.h"

namespace edge::bench {

/// A square kernel, stride and padding alike in both directions.
struct ConvLayer {
  const char* name;
  std::int64_t in_channels, rows, columns, out_channels, kernel, stride, padding;
};

inline kernels::Conv2dShape shape_of(const ConvLayer& layer) {
  return {.in_channels = layer.in_channels,
          .in_rows = layer.rows,
          .in_columns = layer.columns,
          .out_channels = layer.out_channels,
          .kernel_rows = layer.kernel,
          .kernel_columns = layer.kernel,
          .stride_rows = layer.stride,
          .stride_columns = layer.stride,
          .padding_rows = layer.padding,
          .padding_columns = layer.padding};
}

/// In (-1, 1), the same in every run.
inline std::vector<float> random_values(std::int64_t count) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = distribution(generator);
  return values;
}

}  // namespace edge::bench
