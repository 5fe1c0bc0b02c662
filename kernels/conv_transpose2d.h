// Transposed 2-D convolution, NCHW, float32 (PyTorch's conv_transpose2d): the outputs of one remainder of
// position by stride are an ordinary convolution of the input, for which there are fast kernels.
// Thread-safe: immutable after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

struct ConvTranspose2dShape {
  std::int64_t batch = 1;
  std::int64_t in_channels = 0, in_rows = 0, in_columns = 0;
  std::int64_t out_channels = 0, out_rows = 0, out_columns = 0;
  std::int64_t kernel_rows = 1, kernel_columns = 1;
  std::int64_t stride_rows = 1, stride_columns = 1;
  std::int64_t padding_rows = 0, padding_columns = 0;  ///< rows and columns cut off at the top and left
  std::int64_t dilation_rows = 1, dilation_columns = 1;
  std::int64_t groups = 1;
};

class PackedConvTranspose2d {
 public:
  /// `weights`: in_channels x out_channels/groups x kernel_rows x kernel_columns; read during construction
  /// only.
  PackedConvTranspose2d(const ConvTranspose2dShape& shape, const float* weights, Isa isa);
  ~PackedConvTranspose2d();
  PackedConvTranspose2d(PackedConvTranspose2d&&) noexcept;
  PackedConvTranspose2d& operator=(PackedConvTranspose2d&&) noexcept;

  std::size_t packed_bytes() const;
  std::size_t workspace_floats(int threads) const;
  /// `bias`: out_channels values, or null.
  void run(const float* in, float* out, const float* bias, std::span<float> workspace,
           ThreadPool& pool) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The readable truth, straight from the definition; double accumulation. For tests.
void conv_transpose2d_reference(const ConvTranspose2dShape& shape, const float* in, const float* weights,
                                const float* bias, float* out);

}  // namespace edge::kernels
