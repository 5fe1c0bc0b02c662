#include "kernels/winograd_tiles.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/winograd_layout.h"

namespace edge::kernels::winograd {

namespace {

/// Rows of outputs to their place; with a residual, which has the place's layout, sum and ReLU as well.
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

}  // namespace

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
