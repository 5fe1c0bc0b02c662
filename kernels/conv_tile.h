// Packs tiles of the im2col matrix (K = channels x taps rows, one column per output position) into gemm
// panels, straight from the image. Used by conv_gemm.cpp. Immutable after construction, any thread (each with
// its own buffers); no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/conv_kernels.h"
#include "kernels/conv_stage.h"
#include "kernels/gemm_kernels.h"

namespace edge::kernels {

/// Output positions [first, first + count) of one image, counted row by row.
struct ConvTile {
  std::int64_t first = 0;
  std::int64_t count = 0;
  Area areas[2] = {};  ///< what is staged: some rows, or pieces of one or two rows
  int area_count = 0;
};

class ConvTilePacker {
 public:
  /// For tiles of at most `widest` positions and K blocks of at most `kc` rows.
  ConvTilePacker(const Conv2dShape& shape, Isa isa, std::int64_t kc, std::int64_t widest);

  ConvTile tile_at(std::int64_t first, std::int64_t count) const;
  /// A rectangle of at most area_rows() x area_columns() positions; `first` is its top left one. Its
  /// positions are packed by pack_positions() only.
  ConvTile tile_of(const Area& area) const;
  std::int64_t area_rows() const { return narrow() ? stage_rows_ : 1; }
  std::int64_t area_columns() const { return narrow() ? out_columns_ : widest_; }

  /// Copies what rows [k_first, k_first + k_count) of K need for the tile into `stage` (stage_floats()).
  /// `image` is the group's first input channel.
  void stage(const float* image, const ConvTile& tile, std::int64_t k_first, std::int64_t k_count,
             float* stage) const;

  /// After stage(): packs positions lane, lane + 1 ... of the tile; those behind its end become 0. Writes
  /// panel_floats(k_count).
  void pack_panel(const float* image, const ConvTile& tile, std::int64_t lane, std::int64_t k_first,
                  std::int64_t k_count, const float* stage, float* panel) const;

  /// The same with `count` (at most nr) positions that follow each other in the image, row by row, and lie in
  /// what is staged; `position` is the first.
  void pack_positions(const float* image, const ConvTile& tile, std::int64_t position, std::int64_t count,
                      std::int64_t k_first, std::int64_t k_count, const float* stage, float* panel) const;

  /// Whether the im2col matrix is the image itself (1x1, stride 1, no padding), one row per channel.
  bool is_image() const { return direct_; }

  /// A panel and what packing overruns it by.
  std::int64_t panel_floats(std::int64_t k_count) const { return (k_count + 1) * nr_; }
  std::int64_t stage_floats() const { return stage_floats_; }
  std::size_t table_bytes() const { return offsets_.size() * sizeof(std::int32_t); }

 private:
  /// Rows so narrow that a tile may hold several are staged whole; else a tile lies in one or two rows.
  bool narrow() const { return out_columns_ <= widest_; }
  int pieces_of_panel(const ConvTile& tile, std::int64_t position, std::int64_t count,
                      PanelPiece* pieces) const;

  Conv2dShape shape_;
  const ConvKernels& kernels_;
  std::int64_t nr_;
  std::int64_t taps_;         ///< kernel rows x columns
  std::int64_t out_columns_;  ///< kept, as computing it takes a division
  std::int64_t widest_;
  std::int64_t stage_rows_;  ///< of an area
  bool direct_;              ///< is_image()
  ConvStage stage_;
  std::int64_t stage_channels_ = 0;    ///< of a K block, at most
  std::vector<std::int32_t> offsets_;  ///< of every tap of every channel in the stage
  std::int64_t stage_floats_ = 0;
};

}  // namespace edge::kernels
