// 2-D convolution, NCHW, float32 (cross-correlation, as PyTorch's conv2d). Implicit gemm: packs tiles of the
// image, never the whole im2col matrix. Thread-safe: a packed convolution is immutable after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "kernels/axis_reach.h"
#include "kernels/cpu.h"
#include "kernels/dirty_map.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

struct Conv2dShape {
  std::int64_t batch = 1;
  std::int64_t in_channels = 0, in_rows = 0, in_columns = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel_rows = 1, kernel_columns = 1;
  std::int64_t stride_rows = 1, stride_columns = 1;
  std::int64_t padding_rows = 0, padding_columns = 0;  ///< zeros on both sides ...
  std::int64_t extra_rows = 0, extra_columns = 0;  ///< ... and as many more (fewer) at the bottom and right
  std::int64_t dilation_rows = 1, dilation_columns = 1;
  std::int64_t groups = 1;

  std::int64_t out_rows() const {
    return (in_rows + 2 * padding_rows + extra_rows - dilation_rows * (kernel_rows - 1) - 1) / stride_rows +
           1;
  }
  std::int64_t out_columns() const {
    return (in_columns + 2 * padding_columns + extra_columns - dilation_columns * (kernel_columns - 1) - 1) /
               stride_columns +
           1;
  }
  /// Multiply-adds for the whole batch.
  std::int64_t macs() const {
    return batch * out_channels * out_rows() * out_columns() * (in_channels / groups) * kernel_rows *
           kernel_columns;
  }
};

/// What a convolution does at its end without a cost worth mentioning. Every run() takes bias, residual (in
/// place, too) and any activation; run_pooled() needs `max_pool`.
struct ConvFusions {
  bool residual = false;
  bool residual_in_place = false;  ///< Epilogue.residual being `out` itself
  bool clamp = false;              ///< activations that rectifies(); ReLU is always for free
  bool any_activation = false;     ///< others, while what they follow is in cache
  bool max_pool = false;           ///< run_pooled()
};

/// A convolution whose weights were packed for one shape.
class PackedConv2d {
 public:
  /// `weights`: out_channels x in_channels/groups x kernel_rows x kernel_columns; read during construction
  /// only. `isa` selects the kernels. If `external` is given, each im2col tile is multiplied by it (called
  /// from pool threads with a one-thread pool), and weights are kept unpacked.
  PackedConv2d(const Conv2dShape& shape, const float* weights, Isa isa, SgemmFunction external = nullptr);
  ~PackedConv2d();
  PackedConv2d(PackedConv2d&&) noexcept;
  PackedConv2d& operator=(PackedConv2d&&) noexcept;

  const Conv2dShape& shape() const;
  std::size_t packed_bytes() const;
  /// Floats of workspace that run() needs with `threads` threads. Bounded: O(threads x tile), independent of
  /// image size. Per thread at most about 0.6 MB with AVX2 and 0.25 MB with NEON for the layers of the
  /// networks here; a kernel that spans hundreds of pixels (size x dilation) needs more.
  std::size_t workspace_floats(int threads) const;

  /// in: batch x in_channels x in_rows x in_columns; out: batch x out_channels x out_rows x out_columns, must
  /// not overlap `in`. Epilogue.bias has out_channels values; Epilogue.residual has out's layout and may be
  /// `out` itself.
  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const;

  ConvFusions fusions() const;
  /// run() with bias (or null) and ReLU, followed by 2 x 2 max pooling of stride 2, to the bit; out: batch x
  /// out_channels x out_rows/2 x out_columns/2. The unpooled feature map is never written.
  void run_pooled(const float* in, float* out, const float* bias, std::span<float> workspace,
                  ThreadPool& pool) const;

  /// Whether run_part() is there: not for batches, external gemms, and windows as large as the image.
  bool can_run_part() const;
  /// Makes the outputs at the marked positions (of the feature map in front of the pooling, if `max_pool`: as
  /// run_pooled()), and perhaps more; every other float of `out` stays as it is. All that is written has the
  /// bits of run(). Workspace as run(). `out` does not overlap the residual.
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool,
                std::span<float> workspace, ThreadPool& pool) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where outputs of run() may have other bits than before if only the reached inputs have: by the algorithm
/// that PackedConv2d takes for the shape.
Reach conv_reach(const Conv2dShape& shape);

/// The readable truth, straight from the definition; double accumulation. For tests.
void conv2d_reference(const Conv2dShape& shape, const float* in, const float* weights, const float* bias,
                      float* out);

}  // namespace edge::kernels
