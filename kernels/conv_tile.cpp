#include "kernels/conv_tile.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "kernels/gemm_pack.h"
#include "kernels/rounding.h"

namespace edge::kernels {

namespace {

constexpr int most_pieces = 16;  // of a panel: one per lane, at most

/// Rows that `widest` positions may touch, if a row has no more than that.
std::int64_t rows_of_stage(const Conv2dShape& shape, std::int64_t widest) {
  const std::int64_t columns = shape.out_columns();
  return columns > widest ? 1 : std::min(shape.out_rows(), (widest - 2) / columns + 2);
}

ConvStage make_stage(const Conv2dShape& shape, std::int64_t widest, const ConvKernels& kernels) {
  return {shape, rows_of_stage(shape, widest), std::min(shape.out_columns(), widest), kernels};
}

}  // namespace

ConvTilePacker::ConvTilePacker(const Conv2dShape& shape, Isa isa, std::int64_t kc, std::int64_t widest)
    : shape_(shape),
      kernels_(conv_kernels(isa)),
      nr_(gemm_kernels(isa).nr),
      taps_(shape.kernel_rows * shape.kernel_columns),
      out_columns_(shape.out_columns()),
      widest_(widest),
      stage_rows_(rows_of_stage(shape, widest)),
      direct_(taps_ == 1 && shape.stride_rows == 1 && shape.stride_columns == 1 && shape.padding_rows == 0 &&
              shape.padding_columns == 0 && shape.extra_rows == 0 && shape.extra_columns == 0),
      stage_(make_stage(shape, widest, kernels_)) {
  assert(nr_ <= most_pieces);
  if (direct_) return;
  const std::int64_t areas = narrow() ? 1 : 2;
  stage_channels_ = std::min(shape.in_channels / shape.groups, kc / taps_ + 2);
  stage_floats_ = divide_up(areas * stage_channels_ * stage_.channel_floats() + nr_, 16) * 16;
  for (std::int64_t channel = 0; channel < stage_channels_; ++channel) {
    for (std::int64_t row = 0; row < shape.kernel_rows; ++row) {
      for (std::int64_t column = 0; column < shape.kernel_columns; ++column) {
        offsets_.push_back(
            static_cast<std::int32_t>(channel * stage_.channel_floats() + stage_.tap_offset(row, column)));
      }
    }
  }
}

ConvTile ConvTilePacker::tile_at(std::int64_t first, std::int64_t count) const {
  const std::int64_t columns = out_columns_;
  const std::int64_t first_row = first / columns;
  const std::int64_t last_row = (first + count - 1) / columns;
  ConvTile tile{.first = first, .count = count};
  if (narrow()) {
    tile.areas[0] = {first_row, last_row - first_row + 1, 0, columns};
    tile.area_count = 1;
    return tile;
  }
  assert(last_row - first_row <= 1);  // a tile is not wider than a row
  const std::int64_t first_column = first % columns;
  const std::int64_t in_first_row = std::min(count, columns - first_column);
  tile.areas[0] = {first_row, 1, first_column, in_first_row};
  tile.areas[1] = {last_row, 1, 0, count - in_first_row};
  tile.area_count = last_row > first_row ? 2 : 1;
  return tile;
}

ConvTile ConvTilePacker::tile_of(const Area& area) const {
  assert(area.rows <= area_rows() && area.columns <= area_columns());
  ConvTile tile{.first = area.first_row * out_columns_ + area.first_column,
                .count = area.rows * area.columns};
  tile.areas[0] = area;
  tile.area_count = 1;
  return tile;
}

void ConvTilePacker::stage(const float* image, const ConvTile& tile, std::int64_t k_first,
                           std::int64_t k_count, float* stage) const {
  if (direct_) return;
  const std::int64_t first_channel = k_first / taps_;
  const std::int64_t last_channel = divide_up(k_first + k_count, taps_);
  for (int area = 0; area < tile.area_count; ++area) {
    float* to = stage + area * stage_channels_ * stage_.channel_floats();
    for (std::int64_t channel = first_channel; channel < last_channel;
         ++channel, to += stage_.channel_floats()) {
      stage_.fill(image + channel * shape_.in_rows * shape_.in_columns, tile.areas[area], to);
    }
  }
}

void ConvTilePacker::pack_panel(const float* image, const ConvTile& tile, std::int64_t lane,
                                std::int64_t k_first, std::int64_t k_count, const float* stage,
                                float* panel) const {
  pack_positions(image, tile, tile.first + lane, std::min(nr_, tile.count - lane), k_first, k_count, stage,
                 panel);
}

void ConvTilePacker::pack_positions(const float* image, const ConvTile& tile, std::int64_t position,
                                    std::int64_t count, std::int64_t k_first, std::int64_t k_count,
                                    const float* stage, float* panel) const {
  if (direct_) {
    const std::int64_t plane = shape_.in_rows * shape_.in_columns;
    const float* from = image + k_first * plane + position;
    if (count == nr_) return kernels_.pack_rows(from, plane, k_count, panel);
    return pack_b_panel({from, plane, 1}, static_cast<int>(nr_), static_cast<int>(count), k_count, panel);
  }
  PanelPiece pieces[most_pieces];
  const int piece_count = pieces_of_panel(tile, position, count, pieces);
  kernels_.pack_panel(stage, offsets_.data() + k_first % taps_, k_count, pieces, piece_count, panel);
  if (count == nr_) return;
  for (std::int64_t i = 0; i < k_count; ++i) std::fill(panel + i * nr_ + count, panel + (i + 1) * nr_, 0.0F);
}

int ConvTilePacker::pieces_of_panel(const ConvTile& tile, std::int64_t first_position, std::int64_t positions,
                                    PanelPiece* pieces) const {
  // Pointer-sized: 64-bit divisions are slow on armv7.
  const auto columns = static_cast<std::ptrdiff_t>(out_columns_);
  const auto position = static_cast<std::ptrdiff_t>(first_position);
  const auto end = static_cast<std::ptrdiff_t>(positions);
  std::ptrdiff_t row = position / columns;
  std::ptrdiff_t column = position - row * columns;
  int count = 0;
  for (std::ptrdiff_t lane = 0; lane < end; lane += columns - column, column = 0, ++row) {
    const Area& area = tile.areas[0];
    std::int64_t from = stage_.output_offset(row - area.first_row, column - area.first_column);
    if (tile.area_count == 2 && row != area.first_row) {
      from = stage_channels_ * stage_.channel_floats() + column;
    }
    pieces[count++] = {from, static_cast<int>(lane)};
  }
  return count;
}

}  // namespace edge::kernels
