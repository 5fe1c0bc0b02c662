// Max, average and adaptive average pooling over planes (batch x channels of them), NCHW, PyTorch's padding
// rules.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/area.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

struct Pool2dShape {
  std::int64_t planes = 0;  ///< batch x channels
  std::int64_t in_rows = 0, in_columns = 0;
  std::int64_t kernel_rows = 1, kernel_columns = 1;
  std::int64_t stride_rows = 1, stride_columns = 1;
  std::int64_t padding_rows = 0, padding_columns = 0;    ///< on both sides, smaller than the window
  std::int64_t extra_rows = 0, extra_columns = 0;        ///< as many more (fewer) at the bottom and right
  std::int64_t dilation_rows = 1, dilation_columns = 1;  ///< max pooling only
  bool ceil_mode = false;  ///< the last window must still start inside the image or its left/top padding
  bool count_include_pad = true;  ///< average pooling only

  std::int64_t out_rows() const;
  std::int64_t out_columns() const;
};

/// NaN in a window gives NaN (as PyTorch); +0 counts as larger than -0; padding counts as -infinity.
void max_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool);
/// A window's values are added up row by row, left to right, on every ISA; then divided by the size of the
/// window, where it is clipped in ceil mode by that of the clipped window (as PyTorch).
void average_pool2d(Isa isa, const Pool2dShape& shape, const float* in, float* out, ThreadPool& pool);
/// The same of only the outputs in the areas, of all planes.
void max_pool2d_part(Isa isa, const Pool2dShape& shape, const float* in, float* out,
                     std::span<const Area> areas, ThreadPool& pool);
void average_pool2d_part(Isa isa, const Pool2dShape& shape, const float* in, float* out,
                         std::span<const Area> areas, ThreadPool& pool);
/// Window of output row r: rows floor(r*in/out) .. ceil((r+1)*in/out) - 1; columns alike. Values are added up
/// as above, or for one output per plane in the order of linear(): element k to sum k mod 16.
void adaptive_average_pool2d(Isa isa, std::int64_t planes, std::int64_t in_rows, std::int64_t in_columns,
                             std::int64_t out_rows, std::int64_t out_columns, const float* in, float* out,
                             ThreadPool& pool);

}  // namespace edge::kernels
