// The image side of Winograd convolution: tiles of the input to points, packed as gemm's B panels, and
// product points to the output. Immutable, any thread, no errors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/dirty_map.h"
#include "kernels/winograd_kernels.h"

namespace edge::kernels::winograd {

/// Consecutive tiles of the image, row by row; or those of a list, which ascend.
struct TileBlock {
  std::int64_t first;
  std::int64_t count;
  std::int64_t columns;                ///< count, rounded up to whole B panels
  const std::int32_t* list = nullptr;  ///< `count` tiles, instead of those from `first` on

  std::int64_t tile(std::int64_t index) const { return list != nullptr ? list[index] : first + index; }
};

/// What of a tile's outputs exists, and where in the plane they begin.
struct TilePlace {
  std::int64_t rows, columns;
  std::int64_t offset;
};

class Tiles {
 public:
  /// `nr`: columns of a B panel, a multiple of the kernels' lanes.
  Tiles(const Conv2dShape& shape, const WinogradKernels& kernels, const WinogradVariant& variant, int nr);

  /// Tiles of one image.
  std::int64_t count() const { return columns_ * rows_; }
  TilePlace place(std::int64_t tile) const;
  TileBlock block(std::int64_t first, std::int64_t most) const;
  /// Of a list.
  TileBlock block(std::span<const std::int32_t> list) const;
  /// The tiles in which anything is marked, ascending.
  std::vector<std::int32_t> dirty_tiles(const DirtyMap& dirty) const;
  /// Floats of the scratch buffer for blocks of `tiles`.
  std::int64_t scratch_floats(std::int64_t tiles) const;

  /// One channel's plane of the input to points[point * point_stride + ...]: rows of nr floats, panel_stride
  /// floats apart. `next_plane`, if not null, is fetched into the cache.
  void transform_input(const float* plane, const float* next_plane, const TileBlock& block, float* points,
                       std::int64_t point_stride, std::int64_t panel_stride, float* scratch) const;
  /// The points of a channel that pads the channels: zeros.
  void fill_input(const TileBlock& block, float* points, std::int64_t point_stride,
                  std::int64_t panel_stride) const;

  /// points[point * point_stride + tile] to one channel's plane of the output; epilogue's pointers belong to
  /// this channel, its residual may be `plane`; of activations other than ReLU only with a list. If
  /// `max_pool`, the plane is that of the output after ReLU and 2 x 2 max pooling, and there is no residual.
  void transform_output(const float* points, std::int64_t point_stride, const TileBlock& block,
                        const Epilogue& epilogue, bool max_pool, float* plane, float* scratch) const;

 private:
  /// Of a block, the tiles from `index` on that lie side by side in one row.
  std::int64_t side_by_side(const TileBlock& block, std::int64_t index) const;
  bool all_inside(const TileBlock& block, std::int64_t index, std::int64_t count) const;
  void transform_listed_input(const float* plane, const TileBlock& block, float* points,
                              std::int64_t point_stride, std::int64_t panel_stride, float* scratch) const;
  void fill_patches(const float* plane, std::int64_t first_row, std::int64_t first_column,
                    std::int64_t columns, std::int64_t pitch, float* to) const;
  void transform_listed_output(const float* points, std::int64_t point_stride, const TileBlock& block,
                               const Epilogue& epilogue, bool max_pool, float* plane, float* scratch) const;
  void fill_band(const float* plane, const float* next_plane, std::int64_t first_row, std::int64_t rows,
                 std::int64_t first_column, std::int64_t pitch, float* band) const;

  Conv2dShape shape_;
  const WinogradVariant* variant_;
  Isa isa_;
  std::int64_t lanes_;
  std::int64_t output_overrun_;
  std::int64_t pooled_overrun_;
  std::int64_t nr_;
  std::int64_t columns_;  ///< tiles side by side
  std::int64_t rows_;
};

/// Rows of outputs to their place; with a residual, which has the place's layout, sum and ReLU as well.
void copy_outputs(const float* from, std::int64_t pitch, std::int64_t rows, std::int64_t columns,
                  const float* residual, bool relu, float* to, std::int64_t to_pitch);

}  // namespace edge::kernels::winograd
