// A convolution as a matrix product: the class behind make_gemm_convolution(). Internal to kernels; immutable
// after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/area.h"
#include "kernels/conv_algorithm.h"
#include "kernels/conv_tile.h"
#include "kernels/gemm_kernels.h"
#include "kernels/rounding.h"
#include "kernels/sgemm_kernels.h"

namespace edge::kernels {

/// How the work of one run is cut into jobs: neither changes any result.
struct GemmSplit {
  std::int64_t tile = 0;  ///< output positions per job, a multiple of nr
  std::int64_t tiles = 0;
  std::int64_t channel_part = 0;  ///< output channels per job, a multiple of mr
  std::int64_t channel_parts = 0;
};

class GemmConvolution final : public ConvAlgorithm {
 public:
  GemmConvolution(const Conv2dShape& shape, const float* weights, const GemmKernels& gemm);

  std::size_t packed_bytes() const override {
    return static_cast<std::size_t>(shape_.groups * m_ * k_) * sizeof(float) + packer_.table_bytes();
  }
  std::size_t workspace_floats(int threads) const override {
    return static_cast<std::size_t>(thread_floats_ * threads + 16);
  }
  /// In place, sums cannot wait in `out` for the next K block: that takes another path, which is slow.
  ConvFusions fusions() const override {
    return {.residual = true, .residual_in_place = k_ <= kc_, .clamp = true, .any_activation = true};
  }
  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override;
  bool can_run_part() const override { return true; }
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool,
                std::span<float> workspace, ThreadPool& pool) const override;

 private:
  /// A thread's part of the workspace.
  struct Buffers {
    float* stage;
    float* panels;
    float* scratch;  ///< of gemm_row_panel
  };
  GemmSplit choose_split(std::int64_t limit, int threads) const;
  /// Some areas that are multiplied together: as many panels as there is room for.
  struct PartTile {
    std::size_t first = 0, count = 0;  ///< of the areas
  };
  /// Whether an area's positions follow each other in memory.
  bool spans_rows(const Area& area) const { return area.columns == shape_.out_columns(); }
  std::int64_t panels_of(const Area& area) const {
    return spans_rows(area) ? divide_up(area.rows * area.columns, gemm_.nr)
                            : area.rows * divide_up(area.columns, gemm_.nr);
  }
  std::vector<Area> split_areas(const std::vector<Area>& areas, std::int64_t most_panels) const;
  void multiply_areas(const float* image, std::span<const Area> areas, const float* weights,
                      std::int64_t rows, std::int64_t k_first, std::int64_t k_count, const Buffers& buffers,
                      float* out, const Epilogue* epilogue) const;
  void multiply(const float* image, const ConvTile& tile, const float* weights, std::int64_t rows,
                std::int64_t k_first, std::int64_t k_count, const Buffers& buffers, float* out,
                const Epilogue* epilogue) const;
  /// The first `columns` of a tile, one row of blocks of C after the other.
  void multiply_along_rows(const float* image, const ConvTile& tile, std::int64_t columns,
                           const float* weights, std::int64_t rows, std::int64_t k_first,
                           std::int64_t k_count, const Buffers& buffers, float* out,
                           const Epilogue* epilogue) const;
  void multiply_in_place(const float* image, const ConvTile& tile, const float* weights, std::int64_t channel,
                         std::int64_t rows, const Buffers& buffers, float* out,
                         const Epilogue& epilogue) const;

  Conv2dShape shape_;
  const GemmKernels& gemm_;
  std::int64_t m_;          ///< output channels of a group
  std::int64_t k_;          ///< input channels of a group x taps
  std::int64_t kc_;         ///< length of a K block
  std::int64_t positions_;  ///< output rows x columns
  std::int64_t widest_;     ///< positions of a tile, at most
  ConvTilePacker packer_;
  /// Of the ISA's SgemmKernels, if it has one and the image need not be staged; else null.
  void (*multiply_and_pack_)(const SgemmPanel& panel) = nullptr;
  std::int64_t panels_floats_;
  std::int64_t thread_floats_;
  AlignedBuffer weights_;  ///< per group, per K block: panels of mr rows x the block
};

}  // namespace edge::kernels
