#include "kernels/winograd_tiles.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/winograd_layout.h"

namespace edge::kernels::winograd {

void copy_outputs(const float* from, std::int64_t pitch, std::int64_t rows, std::int64_t columns,
                  const float* residual, bool relu, float* to, std::int64_t to_pitch) {
  if (columns <= 0) return;  // pooling drops the last column of an odd plane
  for (std::int64_t row = 0; row < rows; ++row, from += pitch, to += to_pitch) {
    if (residual == nullptr) {
      std::memcpy(to, from, static_cast<std::size_t>(columns) * sizeof(float));
      continue;
    }
    for (std::int64_t column = 0; column < columns; ++column) {
      const float sum = from[column] + residual[column];
      to[column] = relu && sum <= 0.0F ? 0.0F : sum;
    }
    residual += to_pitch;
  }
}

Tiles::Tiles(const Conv2dShape& shape, const WinogradKernels& kernels, const WinogradVariant& variant, int nr)
    : shape_(shape),
      variant_(&variant),
      isa_(kernels.isa),
      lanes_(kernels.lanes),
      output_overrun_(kernels.output_overrun),
      pooled_overrun_(kernels.pooled_overrun),
      nr_(nr),
      columns_(divide_up(shape.out_columns(), variant.outputs)),
      rows_(divide_up(shape.out_rows(), variant.outputs)) {
  assert(nr % kernels.lanes == 0 && kernels.lanes <= winograd_most_lanes);
}

TileBlock Tiles::block(std::int64_t first, std::int64_t most) const {
  const std::int64_t tiles = std::min(most, count() - first);
  return {first, tiles, round_up(tiles, nr_)};
}

TilePlace Tiles::place(std::int64_t tile) const {
  const std::int64_t row = tile / columns_ * variant_->outputs;
  const std::int64_t column = tile % columns_ * variant_->outputs;
  return {std::min<std::int64_t>(variant_->outputs, shape_.out_rows() - row),
          std::min<std::int64_t>(variant_->outputs, shape_.out_columns() - column),
          row * shape_.out_columns() + column};
}

std::int64_t Tiles::scratch_floats(std::int64_t tiles) const {
  const std::int64_t overlap = variant_->taps - 1;
  const std::int64_t band_rows =
      std::min(divide_up(tiles, columns_) + 1, rows_) * variant_->outputs + overlap;
  const std::int64_t band = band_rows * (columns_ * variant_->outputs + overlap) + winograd_overrun;
  const std::int64_t outputs =
      variant_->outputs * round_up(lanes_ * variant_->outputs + winograd_overrun, line);
  const std::int64_t listed = lanes_ * variant_->points() + winograd_overrun;  // patches of a vector
  return round_up(std::max({band, outputs, listed}), line);
}

void Tiles::fill_input(const TileBlock& block, float* points, std::int64_t point_stride,
                       std::int64_t panel_stride) const {
  for (std::int64_t point = 0; point < variant_->points(); ++point, points += point_stride) {
    for (std::int64_t panel = 0; panel < block.columns / nr_; ++panel) {
      std::fill_n(points + panel * panel_stride, nr_, 0.0F);
    }
  }
}

void Tiles::transform_input(const float* plane, const float* next_plane, const TileBlock& block,
                            float* points, std::int64_t point_stride, std::int64_t panel_stride,
                            float* scratch) const {
  if (block.list != nullptr) {
    return transform_listed_input(plane, block, points, point_stride, panel_stride, scratch);
  }
  const std::int64_t outputs = variant_->outputs;
  const std::int64_t overlap = variant_->taps - 1;
  const std::int64_t tile_row = block.first / columns_;
  const std::int64_t tile_rows = (block.first + block.count - 1) / columns_ - tile_row + 1;
  const std::int64_t tile_column = tile_rows == 1 ? block.first % columns_ : 0;
  const std::int64_t row_tiles = tile_rows == 1 ? block.count : columns_;
  const std::int64_t pitch = row_tiles * outputs + overlap;
  fill_band(plane, next_plane, tile_row * outputs, tile_rows * outputs + overlap, tile_column * outputs,
            pitch, scratch);

  // Lanes without a tile repeat the last one; nobody reads their products.
  std::int32_t offsets[winograd_most_lanes];
  auto left = static_cast<std::int32_t>(block.count);
  auto column = static_cast<std::int32_t>(block.first % columns_ - tile_column);
  auto offset = static_cast<std::int32_t>(column * outputs);
  const auto next_row = static_cast<std::int32_t>(outputs * pitch - row_tiles * outputs);
  for (std::int64_t panel = 0; panel < block.columns / nr_; ++panel, points += panel_stride) {
    for (std::int64_t part = 0; part < nr_; part += lanes_) {
      for (std::int64_t lane = 0; lane < lanes_; ++lane) {
        offsets[lane] = offset;
        if (left <= 1) continue;
        --left;
        offset += static_cast<std::int32_t>(outputs);
        if (++column < row_tiles) continue;
        column = 0;
        offset += next_row;
      }
      variant_->transform_input(scratch, static_cast<std::ptrdiff_t>(pitch), offsets, points + part,
                                static_cast<std::ptrdiff_t>(point_stride));
    }
  }
}

/// A band of one channel, zeros around the image and behind the band.
void Tiles::fill_band(const float* plane, const float* next_plane, std::int64_t first_row, std::int64_t rows,
                      std::int64_t first_column, std::int64_t pitch, float* band) const {
  const std::int64_t column = first_column - shape_.padding_columns;
  const std::int64_t left = std::clamp<std::int64_t>(-column, 0, pitch);
  const std::int64_t inside = std::clamp<std::int64_t>(shape_.in_columns - column - left, 0, pitch - left);
  for (std::int64_t r = 0; r < rows; ++r, band += pitch) {
    const std::int64_t row = first_row - shape_.padding_rows + r;
    if (row < 0 || row >= shape_.in_rows || inside == 0) {
      std::fill_n(band, pitch, 0.0F);
      continue;
    }
    const std::int64_t from = row * shape_.in_columns + column + left;
    std::fill_n(band, left, 0.0F);
    std::memcpy(band + left, plane + from, static_cast<std::size_t>(inside) * sizeof(float));
    std::fill_n(band + left + inside, pitch - left - inside, 0.0F);
    if (next_plane == nullptr) continue;
    for (std::int64_t i = 0; i < inside; i += line) __builtin_prefetch(next_plane + from + i, 0, 2);
  }
  std::fill_n(band, winograd_overrun, 0.0F);
}

void Tiles::transform_output(const float* points, std::int64_t point_stride, const TileBlock& block,
                             const Epilogue& epilogue, bool max_pool, float* plane, float* scratch) const {
  assert(!max_pool || epilogue.residual == nullptr);
  if (block.list != nullptr) {
    return transform_listed_output(points, point_stride, block, epilogue, max_pool, plane, scratch);
  }
  assert(epilogue.activation.kind == Activation::Kind::none || epilogue.activation == Activation::relu());
  const std::int64_t pool = max_pool ? 2 : 1;
  const std::int64_t outputs = variant_->outputs / pool;
  const std::int64_t out_rows = shape_.out_rows() / pool;
  const std::int64_t out_columns = shape_.out_columns() / pool;
  const std::int64_t overrun = max_pool ? pooled_overrun_ : output_overrun_;
  const auto transform = max_pool ? variant_->transform_output_pooled : variant_->transform_output;
  const std::int64_t pitch = round_up(lanes_ * outputs + winograd_overrun, line);
  const float bias = epilogue.bias != nullptr ? *epilogue.bias : 0.0F;
  const bool relu = epilogue.activation.kind != Activation::Kind::none;
  const bool relu_at_once = relu && epilogue.residual == nullptr;
  std::int64_t tile_row = block.first / columns_;
  std::int64_t tile_column = block.first % columns_;
  const auto advance = [&](std::int64_t tiles) {
    tile_column += tiles;
    if (tile_column < columns_) return;
    tile_column = 0;
    ++tile_row;
  };
  for (std::int64_t index = 0; index < block.count; index += lanes_) {
    const std::int64_t place = tile_row * outputs * out_columns + tile_column * outputs;
    // A vector of tiles that lie side by side inside of the plane goes straight to its place, unless it runs
    // over what the next vector does not rewrite.
    const bool inside = index + lanes_ <= block.count && tile_column + lanes_ <= columns_ &&
                        (tile_column + lanes_) * outputs <= out_columns &&
                        (tile_row + 1) * outputs <= out_rows;
    const bool last = index + lanes_ >= block.count || tile_column + lanes_ >= columns_ ||
                      (tile_column + lanes_) * outputs + overrun > out_columns;
    if (inside && epilogue.residual == nullptr && (overrun == 0 || !last)) {
      transform(points + index, static_cast<std::ptrdiff_t>(point_stride), bias, relu_at_once, plane + place,
                static_cast<std::ptrdiff_t>(out_columns));
      advance(lanes_);
      continue;
    }
    transform(points + index, static_cast<std::ptrdiff_t>(point_stride), bias, relu_at_once, scratch,
              static_cast<std::ptrdiff_t>(pitch));
    const std::int64_t used = std::min(lanes_, block.count - index);
    std::int64_t side_by_side = 0;
    for (std::int64_t lane = 0; lane < used; lane += side_by_side) {
      side_by_side = std::min(used - lane, columns_ - tile_column);
      const std::int64_t rows = std::min(outputs, out_rows - tile_row * outputs);
      const std::int64_t columns = std::min(side_by_side * outputs, out_columns - tile_column * outputs);
      const std::int64_t offset = tile_row * outputs * out_columns + tile_column * outputs;
      copy_outputs(scratch + lane * outputs, pitch, rows, columns,
                   epilogue.residual != nullptr ? epilogue.residual + offset : nullptr, relu, plane + offset,
                   out_columns);
      advance(side_by_side);
    }
  }
}

}  // namespace edge::kernels::winograd
