// The seam inside PackedConv2d: one object per way to compute a convolution. A new algorithm is a new factory
// and a line in choose_algorithm() (conv2d.cpp). Objects are immutable after construction: run() may be
// called from several threads, each with its own workspace and pool. Errors: std::bad_alloc at construction
// only.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <span>

#include "kernels/conv2d.h"
#include "kernels/dirty_map.h"
#include "kernels/winograd.h"

namespace edge::kernels {

struct GemmKernels;

class ConvAlgorithm {
 public:
  ConvAlgorithm() = default;
  virtual ~ConvAlgorithm() = default;
  ConvAlgorithm(const ConvAlgorithm&) = delete;
  ConvAlgorithm& operator=(const ConvAlgorithm&) = delete;

  virtual std::size_t packed_bytes() const = 0;
  virtual std::size_t workspace_floats(int threads) const = 0;
  /// As PackedConv2d::run, but of activations only ReLU and those that fusions() says.
  virtual void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
                   ThreadPool& pool) const = 0;
  /// As PackedConv2d::can_run_part and run_part.
  virtual bool can_run_part() const { return false; }
  virtual void run_part(const float* /*in*/, float* /*out*/, const DirtyMap& /*dirty*/,
                        const Epilogue& /*epilogue*/, bool /*max_pool*/, std::span<float> /*workspace*/,
                        ThreadPool& /*pool*/) const {
    assert(false && "only if can_run_part()");
  }
  /// As PackedConv2d::fusions and run_pooled.
  virtual ConvFusions fusions() const = 0;
  virtual void run_pooled(const float* /*in*/, float* /*out*/, const float* /*bias*/,
                          std::span<float> /*workspace*/, ThreadPool& /*pool*/) const {
    assert(false && "only if fusions().max_pool");
  }
};

/// Any convolution: tiles of the im2col matrix packed straight into gemm panels.
std::unique_ptr<ConvAlgorithm> make_gemm_convolution(const Conv2dShape& shape, const float* weights, Isa isa);
/// With other block sizes than the best, for tests and tuning; `gemm` must outlive it.
std::unique_ptr<ConvAlgorithm> make_gemm_convolution(const Conv2dShape& shape, const float* weights,
                                                     const GemmKernels& gemm);

/// Stride 1, no groups, no dilation, a kernel of the tile's size. Two ways to the same bits: the first is the
/// one below for few tiles and many channels, where that is faster (conv_winograd_few.cpp).
std::unique_ptr<ConvAlgorithm> make_winograd_convolution(const Conv2dShape& shape, const float* weights,
                                                         Isa isa, WinogradTile tile);
std::unique_ptr<ConvAlgorithm> make_winograd_convolution_of_many_tiles(const Conv2dShape& shape,
                                                                       const float* weights, Isa isa,
                                                                       WinogradTile tile);
std::unique_ptr<ConvAlgorithm> make_winograd_convolution_of_few_tiles(const Conv2dShape& shape,
                                                                      const float* weights, Isa isa,
                                                                      WinogradTile tile);

/// One input channel per group: too thin for a matrix product.
std::unique_ptr<ConvAlgorithm> make_depthwise_convolution(const Conv2dShape& shape, const float* weights,
                                                          Isa isa);

/// The same bits by another way, where the ISA has it and the shape suits it: a channel in each lane.
bool fits_depthwise_lanes(const Conv2dShape& shape, Isa isa);
std::unique_ptr<ConvAlgorithm> make_depthwise_lane_convolution(const Conv2dShape& shape, const float* weights,
                                                               Isa isa);

/// Whether the only window is the whole image: a fully connected layer. A sum has the order of linear().
bool is_whole_image(const Conv2dShape& shape);
std::unique_ptr<ConvAlgorithm> make_whole_image_convolution(const Conv2dShape& shape, const float* weights,
                                                            Isa isa);

/// Any convolution: row-major im2col tiles multiplied by `sgemm`.
std::unique_ptr<ConvAlgorithm> make_external_convolution(const Conv2dShape& shape, const float* weights,
                                                         SgemmFunction sgemm);

}  // namespace edge::kernels
