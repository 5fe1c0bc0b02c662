// Tiles for lists of tiles: those of an image in which something changed.
#include <algorithm>
#include <cstring>

#include "kernels/winograd_layout.h"
#include "kernels/winograd_tiles.h"

namespace edge::kernels::winograd {

TileBlock Tiles::block(std::span<const std::int32_t> list) const {
  const auto tiles = static_cast<std::int64_t>(list.size());
  return {0, tiles, round_up(tiles, nr_), list.data()};
}

std::vector<std::int32_t> Tiles::dirty_tiles(const DirtyMap& dirty) const {
  std::vector<std::int32_t> list;
  const std::int64_t m = variant_->outputs;
  DirtyMap tiles(1, columns_);
  for (std::int64_t row = 0; row < rows_; ++row) {
    tiles.clear();
    for (std::int64_t y = row * m; y < std::min((row + 1) * m, dirty.rows()); ++y) {
      dirty.for_each_run(y, [&](std::int64_t first, std::int64_t columns) {
        tiles.mark(0, first / m, (first + columns - 1) / m - first / m + 1);
      });
    }
    tiles.for_each_run(0, [&](std::int64_t first, std::int64_t columns) {
      for (std::int64_t i = 0; i < columns; ++i) {
        list.push_back(static_cast<std::int32_t>(row * columns_ + first + i));
      }
    });
  }
  return list;
}

std::int64_t Tiles::side_by_side(const TileBlock& block, std::int64_t index) const {
  const std::int64_t tile = block.tile(index);
  const std::int64_t most = std::min(block.count - index, columns_ - tile % columns_);
  std::int64_t count = 1;
  while (count < most && block.tile(index + count) == tile + count) ++count;
  return count;
}

/// Whether the patches of those tiles lie in the image, with what is read behind their rows.
bool Tiles::all_inside(const TileBlock& block, std::int64_t index, std::int64_t count) const {
  const std::int64_t alpha = variant_->alpha();
  const std::int64_t plane = shape_.in_rows * shape_.in_columns;
  for (std::int64_t i = index; i < index + count; ++i) {
    const std::int64_t row = block.tile(i) / columns_ * variant_->outputs - shape_.padding_rows;
    const std::int64_t column = block.tile(i) % columns_ * variant_->outputs - shape_.padding_columns;
    const bool inside = row >= 0 && column >= 0 && row + alpha <= shape_.in_rows &&
                        column + alpha <= shape_.in_columns &&
                        (row + alpha - 1) * shape_.in_columns + column + winograd_overrun <= plane;
    if (!inside) return false;
  }
  return true;
}

/// Vector by vector: those inside of the image are read where they are. Else the patches are copied side by
/// side into the scratch buffer.
void Tiles::transform_listed_input(const float* plane, const TileBlock& block, float* points,
                                   std::int64_t point_stride, std::int64_t panel_stride,
                                   float* scratch) const {
  const std::int64_t outputs = variant_->outputs;
  const std::int64_t alpha = variant_->alpha();
  for (std::int64_t index = 0; index < block.columns; index += lanes_) {
    float* const to = points + index / nr_ * panel_stride + index % nr_;
    const std::int64_t used = std::clamp<std::int64_t>(block.count - index, 0, lanes_);
    // Lanes without a tile repeat the last one; nobody reads their products.
    std::int32_t offsets[winograd_most_lanes] = {};
    if (used == 0) {
      for (int point = 0; point < variant_->points(); ++point) {
        std::fill_n(to + point * point_stride, lanes_, 0.0F);
      }
      continue;
    }
    if (all_inside(block, index, used)) {
      for (std::int64_t lane = 0; lane < lanes_; ++lane) {
        const std::int64_t tile = block.tile(index + std::min(lane, used - 1));
        offsets[lane] =
            static_cast<std::int32_t>((tile / columns_ * outputs - shape_.padding_rows) * shape_.in_columns +
                                      tile % columns_ * outputs - shape_.padding_columns);
      }
      variant_->transform_input(plane, static_cast<std::ptrdiff_t>(shape_.in_columns), offsets, to,
                                static_cast<std::ptrdiff_t>(point_stride));
      continue;
    }
    // The patches of the vector side by side, stretch by stretch.
    const std::int64_t pitch = lanes_ * alpha;
    std::int64_t at = 0;
    for (std::int64_t lane = 0; lane < used;) {
      const std::int64_t tile = block.tile(index + lane);
      const std::int64_t stretch = std::min(side_by_side(block, index + lane), used - lane);
      const std::int64_t width = stretch * outputs + alpha - outputs;
      fill_patches(plane, tile / columns_ * outputs, tile % columns_ * outputs, width, pitch, scratch + at);
      for (std::int64_t i = 0; i < stretch; ++i) {
        offsets[lane + i] = static_cast<std::int32_t>(at + i * outputs);
      }
      at += width;
      lane += stretch;
    }
    for (std::int64_t lane = used; lane < lanes_; ++lane) offsets[lane] = offsets[used - 1];
    variant_->transform_input(scratch, static_cast<std::ptrdiff_t>(pitch), offsets, to,
                              static_cast<std::ptrdiff_t>(point_stride));
  }
}

/// The patches of tiles side by side: alpha rows of `columns` pixels, zeros around the image.
void Tiles::fill_patches(const float* plane, std::int64_t first_row, std::int64_t first_column,
                         std::int64_t columns, std::int64_t pitch, float* to) const {
  const std::int64_t column = first_column - shape_.padding_columns;
  const std::int64_t left = std::clamp<std::int64_t>(-column, 0, columns);
  const std::int64_t inside = std::clamp<std::int64_t>(shape_.in_columns - column - left, 0, columns - left);
  for (std::int64_t r = 0; r < variant_->alpha(); ++r, to += pitch) {
    const std::int64_t row = first_row - shape_.padding_rows + r;
    if (row < 0 || row >= shape_.in_rows || inside == 0) {
      std::fill_n(to, columns, 0.0F);
      continue;
    }
    std::fill_n(to, left, 0.0F);
    std::memcpy(to + left, plane + row * shape_.in_columns + column + left,
                static_cast<std::size_t>(inside) * sizeof(float));
    std::fill_n(to + left + inside, columns - left - inside, 0.0F);
  }
}

/// Each vector of tiles by way of the scratch buffer, then stretch by stretch to its place.
void Tiles::transform_listed_output(const float* points, std::int64_t point_stride, const TileBlock& block,
                                    const Epilogue& epilogue, bool max_pool, float* plane,
                                    float* scratch) const {
  const std::int64_t pool = max_pool ? 2 : 1;
  const std::int64_t outputs = variant_->outputs / pool;
  const std::int64_t out_rows = shape_.out_rows() / pool;
  const std::int64_t out_columns = shape_.out_columns() / pool;
  const auto transform = max_pool ? variant_->transform_output_pooled : variant_->transform_output;
  const std::int64_t pitch = round_up(lanes_ * outputs + winograd_overrun, line);
  const float bias = epilogue.bias != nullptr ? *epilogue.bias : 0.0F;
  const bool relu = epilogue.activation == Activation::relu();
  const bool relu_at_once = relu && epilogue.residual == nullptr;
  const bool activate_last = !relu && epilogue.activation.kind != Activation::Kind::none;
  for (std::int64_t index = 0; index < block.count; index += lanes_) {
    transform(points + index, static_cast<std::ptrdiff_t>(point_stride), bias, relu_at_once, scratch,
              static_cast<std::ptrdiff_t>(pitch));
    const std::int64_t used = std::min(lanes_, block.count - index);
    for (std::int64_t lane = 0; lane < used;) {
      const std::int64_t tile = block.tile(index + lane);
      const std::int64_t stretch = std::min(side_by_side(block, index + lane), used - lane);
      const std::int64_t row = tile / columns_ * outputs;
      const std::int64_t column = tile % columns_ * outputs;
      const std::int64_t rows = std::min(outputs, out_rows - row);
      const std::int64_t columns = std::min(stretch * outputs, out_columns - column);
      const std::int64_t offset = row * out_columns + column;
      copy_outputs(scratch + lane * outputs, pitch, rows, columns,
                   epilogue.residual != nullptr ? epilogue.residual + offset : nullptr, relu, plane + offset,
                   out_columns);
      for (std::int64_t r = 0; activate_last && r < rows && columns > 0; ++r) {
        float* const made = plane + offset + r * out_columns;
        activate(isa_, epilogue.activation, made, made, static_cast<std::size_t>(columns));
      }
      lane += stretch;
    }
  }
}

}  // namespace edge::kernels::winograd
