// Scaling of feature maps by linear or nearest interpolation. Thread-safe, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/thread_pool.h"

namespace edge::kernels {

/// Where the values of one output row or column come from: (1 - weight) * in[first] + weight * in[second], or
/// `outside` if `first` is negative.
struct ResizeTap {
  std::int32_t first = 0;
  std::int32_t second = 0;
  float weight = 0;
};

struct ResizeShape {
  std::int64_t planes = 0;
  std::int64_t in_rows = 0, in_columns = 0;
  std::vector<ResizeTap> rows;  ///< one per output row
  std::vector<ResizeTap> columns;
  float outside = 0;
};

/// Each output row is interpolated between rows first, then between columns; products and sums are rounded
/// one by one, so that the bits are the same everywhere. Where every weight is 0, values are only copied.
void resize(const ResizeShape& shape, const float* in, float* out, ThreadPool& pool);

}  // namespace edge::kernels
