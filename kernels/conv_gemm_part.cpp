// The convolution of conv_gemm.cpp where only some outputs are wanted: areas take the place of tiles.
#include <algorithm>
#include <cassert>

#include "kernels/conv_gemm.h"

namespace edge::kernels {

/// So that each fits into the stage and has at most that many panels.
std::vector<Area> GemmConvolution::split_areas(const std::vector<Area>& areas,
                                               std::int64_t most_panels) const {
  std::vector<Area> pieces;
  for (const Area& area : areas) {
    const std::int64_t columns = std::min(area.columns, packer_.area_columns() / gemm_.nr * gemm_.nr);
    const std::int64_t width = packer_.area_columns() >= area.columns ? area.columns : columns;
    for (std::int64_t column = 0; column < area.columns; column += width) {
      Area piece{area.first_row, area.rows, area.first_column + column,
                 std::min(width, area.columns - column)};
      const std::int64_t row_panels = divide_up(piece.columns, gemm_.nr);
      const std::int64_t rows =
          std::clamp<std::int64_t>(most_panels / row_panels, 1, std::min(packer_.area_rows(), area.rows));
      for (std::int64_t row = 0; row < area.rows; row += rows) {
        piece.first_row = area.first_row + row;
        piece.rows = std::min(rows, area.rows - row);
        pieces.push_back(piece);
      }
    }
  }
  return pieces;
}

/// multiply() for some areas: their panels are packed first, then each meets all of the weights.
void GemmConvolution::multiply_areas(const float* image, std::span<const Area> areas, const float* weights,
                                     std::int64_t rows, std::int64_t k_first, std::int64_t k_count,
                                     const Buffers& buffers, float* out, const Epilogue* epilogue) const {
  const std::int64_t nr = gemm_.nr;
  const std::int64_t panel_stride = packer_.panel_floats(k_count);
  const std::int64_t out_columns = shape_.out_columns();
  // Positions that follow each other, with their panels side by side.
  const auto for_each_stretch = [&](const auto& stretch) {
    float* panel = buffers.panels;
    for (const Area& area : areas) {
      const std::int64_t stretches = spans_rows(area) ? 1 : area.rows;
      const std::int64_t positions = area.rows * area.columns / stretches;
      for (std::int64_t i = 0; i < stretches; ++i, panel += divide_up(positions, nr) * panel_stride) {
        stretch(area, (area.first_row + i) * out_columns + area.first_column, positions, panel);
      }
    }
  };
  const Area* staged = nullptr;
  for_each_stretch([&](const Area& area, std::int64_t first, std::int64_t positions, float* panel) {
    const ConvTile tile = packer_.tile_of(area);
    if (staged != &area) packer_.stage(image, tile, k_first, k_count, buffers.stage);
    staged = &area;
    for (std::int64_t i = 0; i < positions; i += nr, panel += panel_stride) {
      packer_.pack_positions(image, tile, first + i, std::min(nr, positions - i), k_first, k_count,
                             buffers.stage, panel);
    }
  });
  const auto epilogue_at = [&](std::int64_t row, std::int64_t position) {
    Epilogue here = *epilogue;
    if (here.bias != nullptr) here.bias += row;
    if (here.residual != nullptr) here.residual += row * positions_ + position;
    return here;
  };
  if (gemm_.sweeps != nullptr) {
    for (std::int64_t row = 0; row < rows; row += gemm_.mr) {
      const auto row_count = static_cast<int>(std::min<std::int64_t>(gemm_.mr, rows - row));
      for_each_stretch([&](const Area&, std::int64_t first, std::int64_t positions, const float* panel) {
        const Epilogue here = epilogue != nullptr ? epilogue_at(row, first) : Epilogue{};
        gemm_row_panel(gemm_, row_count, positions, k_count, weights + row * k_count, panel, panel_stride,
                       out + row * positions_ + first, positions_, k_first > 0,
                       epilogue != nullptr ? &here : nullptr, buffers.scratch);
      });
    }
    return;
  }
  for_each_stretch([&](const Area&, std::int64_t first, std::int64_t positions, const float* panel) {
    for (std::int64_t i = 0; i < positions; i += nr, panel += panel_stride) {
      const Epilogue here = epilogue != nullptr ? epilogue_at(0, first + i) : Epilogue{};
      gemm_column_panel(gemm_, rows, std::min(nr, positions - i), k_count, weights, panel, out + first + i,
                        positions_, k_first > 0, epilogue != nullptr ? &here : nullptr);
    }
  });
}

void GemmConvolution::run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue,
                               bool /*max_pool*/, std::span<float> workspace, ThreadPool& pool) const {
  assert(shape_.batch == 1 && workspace.size() >= workspace_floats(pool.threads()));
  assert(epilogue.residual != out);
  const std::int64_t most_panels = panels_floats_ / packer_.panel_floats(kc_);
  const std::vector<Area> areas = split_areas(dirty.areas(gemm_.nr), most_panels);
  std::int64_t panels = 0;
  for (const Area& area : areas) panels += panels_of(area);
  // Enough tiles, or parts of the output channels, for all threads.
  const std::int64_t threads = pool.threads();
  const std::int64_t panels_per_tile = std::clamp<std::int64_t>(divide_up(panels, threads), 1, most_panels);
  std::vector<PartTile> tiles;
  std::int64_t room = 0;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const std::int64_t wanted = panels_of(areas[i]);
    if (tiles.empty() || wanted > room) {
      tiles.push_back({i, 0});
      room = std::max(panels_per_tile, wanted);
    }
    ++tiles.back().count;
    room -= wanted;
  }
  const auto tile_count = static_cast<std::int64_t>(tiles.size());
  const std::int64_t fewest_parts = divide_up(m_, gemm_.blocking.tile_rows);
  const std::int64_t parts =
      std::max(fewest_parts, std::min(divide_up(threads, tile_count), divide_up(m_, gemm_.mr)));
  const std::int64_t channel_part = round_up(divide_up(m_, parts), gemm_.mr);
  const std::int64_t channel_parts = divide_up(m_, channel_part);

  const auto misalignment = reinterpret_cast<std::uintptr_t>(workspace.data()) % 64 / sizeof(float);
  float* aligned = workspace.data() + (16 - misalignment) % 16;
  const bool finish = epilogue.bias != nullptr || epilogue.residual != nullptr ||
                      epilogue.activation.kind != Activation::Kind::none;
  const bool apart = epilogue.activation.kind != Activation::Kind::none && !rectifies(epilogue.activation);
  const std::int64_t in_plane = shape_.in_rows * shape_.in_columns;

  pool.parallel_for(shape_.groups * tile_count * channel_parts, [&](std::int64_t job, int thread) {
    float* mine = aligned + thread * thread_floats_;
    float* buffer_panels = mine + packer_.stage_floats();
    const Buffers buffers{mine, buffer_panels, buffer_panels + panels_floats_};
    const std::int64_t channel = job % channel_parts * channel_part;
    const PartTile& tile = tiles[static_cast<std::size_t>(job / channel_parts % tile_count)];
    const std::int64_t group = job / channel_parts / tile_count;
    const std::int64_t rows = std::min(channel_part, m_ - channel);
    const std::span<const Area> mine_areas(areas.data() + tile.first, tile.count);
    const std::int64_t first_channel = group * m_ + channel;
    float* const to = out + first_channel * positions_;
    Epilogue last;
    last.bias = epilogue.bias != nullptr ? epilogue.bias + first_channel : nullptr;
    last.residual = epilogue.residual != nullptr ? epilogue.residual + first_channel * positions_ : nullptr;
    if (!apart) last.activation = epilogue.activation;
    for (std::int64_t k = 0; k < k_; k += kc_) {
      const std::int64_t k_count = std::min(kc_, k_ - k);
      multiply_areas(in + group * (shape_.in_channels / shape_.groups) * in_plane, mine_areas,
                     weights_.data() + group * m_ * k_ + m_ * k + channel * k_count, rows, k, k_count,
                     buffers, to, finish && k + k_count == k_ ? &last : nullptr);
    }
    if (!apart) return;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (const Area& area : mine_areas) {
        const std::int64_t stretches = spans_rows(area) ? 1 : area.rows;
        const std::int64_t positions = area.rows * area.columns / stretches;
        for (std::int64_t i = 0; i < stretches; ++i) {
          float* const made =
              to + row * positions_ + (area.first_row + i) * shape_.out_columns() + area.first_column;
          activate(gemm_.rows[0].isa, epilogue.activation, made, made, static_cast<std::size_t>(positions));
        }
      }
    }
  });
}

}  // namespace edge::kernels
