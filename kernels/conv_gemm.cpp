// Convolution as a matrix product whose right-hand side, the im2col matrix (K = channels x taps rows, one
// column per output position), exists only as one packed tile per thread:
//
//   for every tile of output positions (and part of the output channels):     (threads over these)
//     for a block of kc rows of K:
//       fill the stage with the input channels of the block, pack the tile's panels from it
//       for a panel of nr positions (in L1), for a panel of mr output channels: microkernel,
//       or the other way round (GemmKernels::sweeps)
//
// The sums of a tile continue through `out` from block to block; the epilogue runs in the microkernel of the
// last block.
#include "kernels/conv_gemm.h"

#include <algorithm>
#include <cassert>

#include "kernels/gemm_pack.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t widest_tile = 512;
constexpr std::int64_t narrowest_tile = 48;  // a multiple of every nr

/// K blocks up to this length write C row by row: down a column panel, every few stores would go to another
/// page.
constexpr std::int64_t short_sum = 64;

/// Positions of a tile: as many as the table allows, unless their stage gets too large.
std::int64_t tile_limit(const Conv2dShape& shape, const GemmKernels& gemm, std::int64_t kc) {
  const Isa isa = gemm.rows[0].isa;
  std::int64_t positions = std::clamp(gemm.blocking.tile_floats / kc, narrowest_tile, widest_tile);
  while (positions >= 2 * narrowest_tile &&
         ConvTilePacker(shape, isa, kc, positions).stage_floats() > gemm.blocking.stage_floats) {
    positions /= 2;
  }
  return positions / gemm.nr * gemm.nr;
}

}  // namespace

GemmConvolution::GemmConvolution(const Conv2dShape& shape, const float* weights, const GemmKernels& gemm)
    : shape_(shape),
      gemm_(gemm),
      m_(shape.out_channels / shape.groups),
      k_(shape.in_channels / shape.groups * shape.kernel_rows * shape.kernel_columns),
      kc_(balanced_block(k_, gemm_.blocking.tile_kc)),
      positions_(shape.out_rows() * shape.out_columns()),
      widest_(tile_limit(shape, gemm, kc_)),
      packer_(shape, gemm.rows[0].isa, kc_, widest_),
      weights_(shape.groups * m_ * k_, true) {
  const SgemmKernels* extra = sgemm_kernels(gemm.rows[0].isa);
  if (packer_.is_image() && extra != nullptr) multiply_and_pack_ = extra->multiply_and_pack;
  // A run whose residual is `out` packs all K blocks of a tile first: at least one panel of each must fit.
  const std::int64_t panels = std::max(widest_ / gemm_.nr, divide_up(k_, kc_));
  panels_floats_ = round_up(panels * packer_.panel_floats(kc_), 16);
  thread_floats_ = packer_.stage_floats() + panels_floats_ + round_up(gemm_scratch_floats(gemm_, kc_), 16);

  float* to = weights_.data();
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const MatrixView matrix{weights + group * m_ * k_, k_, 1};
    for (std::int64_t k = 0; k < k_; k += kc_) {
      const std::int64_t k_count = std::min(kc_, k_ - k);
      for (std::int64_t row = 0; row < m_; row += gemm_.mr) {
        const auto rows = static_cast<int>(std::min<std::int64_t>(gemm_.mr, m_ - row));
        pack_a_panel(matrix.at(row, k), rows, k_count, 1.0F, to);
        to += rows * k_count;
      }
    }
  }
}

/// The cut with the shortest estimated time of the busiest thread. A job's cost in steps of its K loop: its
/// multiply-adds, packing its columns, reading its part of the weights.
GemmSplit GemmConvolution::choose_split(std::int64_t limit, int threads) const {
  constexpr std::int64_t packing_cost = 12;
  constexpr std::int64_t weight_cost = 8;
  constexpr std::int64_t most_parts = 16;
  const std::int64_t images = shape_.batch * shape_.groups;
  const std::int64_t fewest_tiles = divide_up(positions_, limit);
  GemmSplit best;
  std::int64_t best_cost = 0;
  const auto consider = [&](std::int64_t tiles, std::int64_t parts) {
    GemmSplit split;
    split.tile = round_up(divide_up(positions_, tiles), gemm_.nr);
    split.tiles = divide_up(positions_, split.tile);
    split.channel_part = round_up(divide_up(m_, parts), gemm_.mr);
    split.channel_parts = divide_up(m_, split.channel_part);
    const std::int64_t jobs = images * split.tiles * split.channel_parts;
    const std::int64_t part = std::min(split.channel_part, m_);
    const std::int64_t cost =
        divide_up(jobs, threads) * (split.tile * part + packing_cost * split.tile + weight_cost * part);
    if (best.tiles == 0 || cost < best_cost) {
      best = split;
      best_cost = cost;
    }
  };
  const std::int64_t fewest_parts = divide_up(m_, gemm_.blocking.tile_rows);
  consider(fewest_tiles, fewest_parts);
  if (threads == 1) return best;
  const std::int64_t most_tiles = std::min(divide_up(positions_, gemm_.nr), fewest_tiles + 2 * threads);
  for (std::int64_t tiles = fewest_tiles; tiles <= most_tiles; ++tiles) {
    for (std::int64_t parts = fewest_parts;
         parts <= std::min(fewest_parts + most_parts, divide_up(m_, gemm_.mr)); ++parts) {
      consider(tiles, parts);
    }
  }
  return best;
}

void GemmConvolution::multiply(const float* image, const ConvTile& tile, const float* weights,
                               std::int64_t rows, std::int64_t k_first, std::int64_t k_count,
                               const Buffers& buffers, float* out, const Epilogue* epilogue) const {
  const std::int64_t nr = gemm_.nr;
  packer_.stage(image, tile, k_first, k_count, buffers.stage);
  std::int64_t lane = 0;
  if (gemm_.sweeps != nullptr || (k_first == 0 && k_count <= short_sum)) {
    lane = gemm_.sweeps != nullptr ? tile.count : tile.count / nr * nr;
    multiply_along_rows(image, tile, lane, weights, rows, k_first, k_count, buffers, out, epilogue);
  }
  for (; lane < tile.count; lane += nr) {
    Epilogue here;
    if (epilogue != nullptr) {
      here = *epilogue;
      if (here.residual != nullptr) here.residual += lane;
    }
    if (multiply_and_pack_ != nullptr && lane + nr <= tile.count) {
      const std::int64_t plane = shape_.in_rows * shape_.in_columns;
      const float* from = image + k_first * plane + tile.first + lane;
      multiply_and_pack_({rows, k_count, weights, from, plane, lane + nr < tile.count ? from + nr : nullptr,
                          buffers.panels, out + lane, positions_, k_first > 0,
                          epilogue != nullptr ? &here : nullptr});
      continue;
    }
    packer_.pack_panel(image, tile, lane, k_first, k_count, buffers.stage, buffers.panels);
    gemm_column_panel(gemm_, rows, std::min(nr, tile.count - lane), k_count, weights, buffers.panels,
                      out + lane, positions_, k_first > 0, epilogue != nullptr ? &here : nullptr);
  }
}

void GemmConvolution::multiply_along_rows(const float* image, const ConvTile& tile, std::int64_t columns,
                                          const float* weights, std::int64_t rows, std::int64_t k_first,
                                          std::int64_t k_count, const Buffers& buffers, float* out,
                                          const Epilogue* epilogue) const {
  const std::int64_t panel_stride = packer_.panel_floats(k_count);
  float* panel = buffers.panels;
  for (std::int64_t lane = 0; lane < columns; lane += gemm_.nr, panel += panel_stride) {
    packer_.pack_panel(image, tile, lane, k_first, k_count, buffers.stage, panel);
  }
  Epilogue here = epilogue != nullptr ? *epilogue : Epilogue{};
  for (std::int64_t row = 0; row < rows && columns > 0; row += gemm_.mr) {
    const auto row_count = static_cast<int>(std::min<std::int64_t>(gemm_.mr, rows - row));
    gemm_row_panel(gemm_, row_count, columns, k_count, weights + row * k_count, buffers.panels, panel_stride,
                   out + row * positions_, positions_, k_first > 0, epilogue != nullptr ? &here : nullptr,
                   buffers.scratch);
    if (here.bias != nullptr) here.bias += gemm_.mr;
    if (here.residual != nullptr) here.residual += gemm_.mr * positions_;
  }
}

/// When the residual is `out` itself, `out` cannot hold partial sums: every block of mr x nr is finished in a
/// small tile. `panels` holds all K blocks of the tile, one after the other.
void GemmConvolution::multiply_in_place(const float* image, const ConvTile& tile, const float* weights,
                                        std::int64_t channel, std::int64_t rows, const Buffers& buffers,
                                        float* out, const Epilogue& epilogue) const {
  constexpr std::int64_t largest_tile = 128;
  assert(gemm_.mr * gemm_.nr <= largest_tile);
  const std::int64_t nr = gemm_.nr;
  const std::int64_t panel_count = divide_up(tile.count, nr);
  float* packed = buffers.panels;
  for (std::int64_t k = 0; k < k_; k += kc_) {
    const std::int64_t k_count = std::min(kc_, k_ - k);
    packer_.stage(image, tile, k, k_count, buffers.stage);
    for (std::int64_t panel = 0; panel < panel_count; ++panel, packed += packer_.panel_floats(k_count)) {
      packer_.pack_panel(image, tile, panel * nr, k, k_count, buffers.stage, packed);
    }
  }
  for (std::int64_t panel = 0; panel < panel_count; ++panel) {
    const std::int64_t columns = std::min(nr, tile.count - panel * nr);
    for (std::int64_t row = 0; row < rows; row += gemm_.mr) {
      const GemmMicrokernel& kernel = gemm_.rows[std::min<std::int64_t>(gemm_.mr, rows - row) - 1];
      float* target = out + row * positions_ + panel * nr;
      float sums[largest_tile];
      float residual[largest_tile] = {};
      for (int r = 0; r < kernel.mr; ++r) std::copy_n(target + r * positions_, columns, residual + r * nr);
      const Epilogue here{epilogue.bias != nullptr ? epilogue.bias + row : nullptr, residual,
                          epilogue.activation};
      const float* block = buffers.panels;
      for (std::int64_t k = 0; k < k_; k += kc_) {
        const std::int64_t k_count = std::min(kc_, k_ - k);
        const std::int64_t stride = packer_.panel_floats(k_count);
        kernel.run(k_count, weights + m_ * k + (channel + row) * k_count, block + panel * stride, sums, nr,
                   k > 0, k + k_count == k_ ? &here : nullptr);
        block += panel_count * stride;
      }
      for (int r = 0; r < kernel.mr; ++r) std::copy_n(sums + r * nr, columns, target + r * positions_);
    }
  }
}

void GemmConvolution::run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
                          ThreadPool& pool) const {
  assert(workspace.size() >= workspace_floats(pool.threads()));
  const bool in_place = epilogue.residual == out && k_ > kc_;
  const std::int64_t k_blocks = divide_up(k_, kc_);
  const std::int64_t limit =
      in_place ? std::max<std::int64_t>(widest_ / gemm_.nr / k_blocks, 1) * gemm_.nr : widest_;
  const GemmSplit split = choose_split(limit, pool.threads());
  const auto misalignment = reinterpret_cast<std::uintptr_t>(workspace.data()) % 64 / sizeof(float);
  float* aligned = workspace.data() + (16 - misalignment) % 16;
  const bool finish = epilogue.bias != nullptr || epilogue.residual != nullptr ||
                      epilogue.activation.kind != Activation::Kind::none;

  const bool apart = epilogue.activation.kind != Activation::Kind::none && !rectifies(epilogue.activation);

  const std::int64_t jobs = shape_.batch * shape_.groups * split.tiles * split.channel_parts;
  pool.parallel_for(jobs, [&](std::int64_t job, int thread) {
    float* mine = aligned + thread * thread_floats_;
    float* panels = mine + packer_.stage_floats();
    const Buffers buffers{mine, panels, panels + panels_floats_};
    const std::int64_t channel = job % split.channel_parts * split.channel_part;
    const std::int64_t tile_index = job / split.channel_parts % split.tiles;
    const std::int64_t image = job / split.channel_parts / split.tiles;  // item x groups + group
    const std::int64_t group = image % shape_.groups;
    const std::int64_t rows = std::min(split.channel_part, m_ - channel);
    const ConvTile tile =
        packer_.tile_at(tile_index * split.tile, std::min(split.tile, positions_ - tile_index * split.tile));
    const float* image_in =
        in + image * (shape_.in_channels / shape_.groups) * shape_.in_rows * shape_.in_columns;
    const float* weights = weights_.data() + group * m_ * k_;
    const std::int64_t out_offset = (image * m_ + channel) * positions_ + tile.first;

    Epilogue last;
    last.bias = epilogue.bias != nullptr ? epilogue.bias + group * m_ + channel : nullptr;
    last.residual = epilogue.residual != nullptr ? epilogue.residual + out_offset : nullptr;
    if (!apart) last.activation = epilogue.activation;

    if (in_place) {
      multiply_in_place(image_in, tile, weights, channel, rows, buffers, out + out_offset, last);
    } else {
      for (std::int64_t k = 0; k < k_; k += kc_) {
        const std::int64_t k_count = std::min(kc_, k_ - k);
        multiply(image_in, tile, weights + m_ * k + channel * k_count, rows, k, k_count, buffers,
                 out + out_offset, finish && k + k_count == k_ ? &last : nullptr);
      }
    }
    for (std::int64_t row = 0; apart && row < rows; ++row) {
      float* const made = out + out_offset + row * positions_;
      activate(gemm_.rows[0].isa, epilogue.activation, made, made, static_cast<std::size_t>(tile.count));
    }
  });
}

std::unique_ptr<ConvAlgorithm> make_gemm_convolution(const Conv2dShape& shape, const float* weights,
                                                     Isa isa) {
  return make_gemm_convolution(shape, weights, gemm_kernels(isa));
}

std::unique_ptr<ConvAlgorithm> make_gemm_convolution(const Conv2dShape& shape, const float* weights,
                                                     const GemmKernels& gemm) {
  return std::make_unique<GemmConvolution>(shape, weights, gemm);
}

}  // namespace edge::kernels
