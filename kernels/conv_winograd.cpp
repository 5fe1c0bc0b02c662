// Winograd convolution, stride 1. For a block of tiles (and a block of output channels):
//
//   1. input:    alpha x alpha pixels of every tile and channel  -> points, packed as gemm's B panels
//   2. weights:  r x r taps of every pair of channels            -> points, packed as gemm's A panels
//   3. multiply: one matrix product per point, products[point] = weights[point] x input[point]
//   4. output:   points of every tile and output channel         -> m x m outputs, bias, ReLU, residual
//
// Transformed weights are alpha^2 / r^2 times as large as the weights (4 to 7 times). They are kept only
// while they are small; then a job of the thread pool is a block of tiles, with everything that is done to
// it. Else they are made anew in every run, a few rows of points at a time, in the cache: that costs a few
// per cent of the multiplication, but neither memory nor the time to stream them. Then the input's points are
// made first, and a job is a block of output channels. Every tile is a fixed sequence of operations on its
// own pixels: results depend on neither blocks nor threads, and a single tile can be recomputed alone.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "kernels/aligned_buffer.h"
#include "kernels/conv_algorithm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/winograd_kernels.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t line = 16;  // floats of a cache line
constexpr int widest_lanes = 8;
constexpr std::int64_t longest_k_block = 128;
constexpr std::int64_t most_rows = 64;                        // output channels of a block
constexpr std::int64_t most_kept_floats = 1280 * 1024;        // transformed weights
constexpr std::int64_t private_tile_floats = 384 * 1024;      // input and product points of a block of tiles
constexpr std::int64_t shared_tile_floats = 4 * 1024 * 1024;  // input points of a block shared by all threads

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
std::int64_t round_up(std::int64_t a, std::int64_t b) {
  return divide_up(a, b) * b;
}
/// Points of one kind lie an odd number of cache lines apart, so that they do not all fall into the same
/// cache set.
std::int64_t odd_lines(std::int64_t floats) {
  return round_up(floats, 2 * line) + line;
}

/// How the work of one run is cut into jobs: changes no result.
struct Split {
  bool by_tiles = false;     ///< jobs are blocks of tiles, else of output channels
  std::int64_t tiles = 0;    ///< of a block, a multiple of nr
  std::int64_t rows = 0;     ///< output channels of a block, a multiple of mr
  std::int64_t input = 0;    ///< floats between two input points
  std::int64_t product = 0;  ///< floats between two product points
  std::int64_t weight = 0;   ///< floats between two weight points that are made
  // The parts of the workspace, in floats.
  std::int64_t input_floats = 0;
  std::int64_t private_floats = 0;  ///< of a thread: what follows, and if by_tiles the input points as well
  std::int64_t product_floats = 0;
  std::int64_t weight_floats = 0;
  std::int64_t stage_floats = 0;
};

/// Consecutive tiles of the image, row by row.
struct TileBlock {
  std::int64_t first;
  std::int64_t count;
  std::int64_t columns;  ///< count, rounded up to whole B panels
};

struct ChannelBlock {
  std::int64_t first;
  std::int64_t count;
};

class WinogradConvolution final : public ConvAlgorithm {
 public:
  WinogradConvolution(const Conv2dShape& shape, const float* weights, Isa isa, WinogradTile tile);

  std::size_t packed_bytes() const override {
    return static_cast<std::size_t>(taps_ * tap_stride_ + (keeps_points_ ? points_ * kept_stride_ : 0)) *
           sizeof(float);
  }
  std::size_t workspace_floats(int threads) const override {
    const Split split = choose_split(threads);
    return static_cast<std::size_t>(line + (split.by_tiles ? 0 : split.input_floats) +
                                    threads * split.private_floats);
  }
  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override;

 private:
  /// One run's data.
  struct Run {
    const float* in;
    float* out;
    const Epilogue& epilogue;
    Split split;
    std::int64_t item = 0;
  };

  Split choose_split(int threads) const;
  TileBlock tile_block(const Split& split, std::int64_t first) const {
    const std::int64_t count = std::min(split.tiles, tiles_ - first);
    return {first, count, round_up(count, gemm_.nr)};
  }
  void pack_taps(const float* weights, float* taps) const;
  void transform_weights(const float* taps, std::int64_t count, int row, float* points,
                         std::int64_t stride) const;
  void transform_input(const Run& run, std::int64_t channel, const TileBlock& block, float* stage,
                       float* points) const;
  void compute_rows(const Run& run, const TileBlock& block, const ChannelBlock& rows,
                    const float* input_points, float* scratch) const;
  void transform_output(const Run& run, const TileBlock& block, std::int64_t channel, const float* products,
                        float* buffer) const;

  Conv2dShape shape_;
  const GemmKernels& gemm_;
  const WinogradKernels& kernels_;
  const WinogradVariant& variant_;
  std::int64_t lanes_;
  std::int64_t points_;
  std::int64_t taps_;
  std::int64_t in_channels_;
  std::int64_t out_channels_;
  std::int64_t tile_columns_;
  std::int64_t tiles_;  ///< of one image
  std::int64_t kc_;     ///< input channels of a K block
  bool keeps_points_;
  std::int64_t tap_stride_;
  std::int64_t kept_stride_;
  AlignedBuffer taps_packed_;
  AlignedBuffer kept_;
};

WinogradConvolution::WinogradConvolution(const Conv2dShape& shape, const float* weights, Isa isa,
                                         WinogradTile tile)
    : shape_(shape),
      gemm_(gemm_kernels(isa)),
      kernels_(winograd_kernels(isa)),
      variant_(kernels_.variant(tile)),
      lanes_(kernels_.lanes),
      points_(variant_.points()),
      taps_(std::int64_t{variant_.taps} * variant_.taps),
      in_channels_(shape.in_channels),
      out_channels_(shape.out_channels),
      tile_columns_(divide_up(shape.out_columns(), variant_.outputs)),
      tiles_(tile_columns_ * divide_up(shape.out_rows(), variant_.outputs)),
      kc_(balanced_block(in_channels_, longest_k_block)),
      keeps_points_(points_ * in_channels_ * out_channels_ <= most_kept_floats),
      tap_stride_(round_up(in_channels_ * out_channels_, line) + line),
      kept_stride_(odd_lines(in_channels_ * out_channels_)),
      taps_packed_(taps_ * tap_stride_),
      kept_(keeps_points_ ? points_ * kept_stride_ : 0) {
  assert(gemm_.nr % lanes_ == 0);
  pack_taps(weights, taps_packed_.data());
  if (!keeps_points_) return;
  for (int row = 0; row < variant_.alpha(); ++row) {
    transform_weights(taps_packed_.data(), in_channels_ * out_channels_, row,
                      kept_.data() + row * variant_.alpha() * kept_stride_, kept_stride_);
  }
  taps_packed_ = AlignedBuffer(0);
  tap_stride_ = 0;
}

Split WinogradConvolution::choose_split(int threads) const {
  Split split;
  const std::int64_t nr = gemm_.nr;
  const std::int64_t mr = gemm_.mr;
  const auto tiles_within = [&](std::int64_t floats, std::int64_t floats_per_tile, std::int64_t fewest) {
    const std::int64_t most = std::max(floats / floats_per_tile / nr, fewest) * nr;
    return round_up(divide_up(tiles_, divide_up(tiles_, most)), nr);
  };
  // Blocks of output channels: as many rows as still balance the threads.
  const std::int64_t fewest_rows =
      round_up(std::max<std::int64_t>(std::min(most_rows, out_channels_) / 3, 1), mr);
  std::int64_t shortest = 0;
  for (std::int64_t rows = fewest_rows; rows <= round_up(std::min(most_rows, out_channels_), mr);
       rows += mr) {
    const std::int64_t makespan = divide_up(divide_up(out_channels_, rows), threads) * rows;
    if (split.rows == 0 || makespan <= shortest) {
      split.rows = rows;
      shortest = makespan;
    }
  }
  if (keeps_points_) {
    split.rows = round_up(balanced_block(out_channels_, most_rows), mr);
    split.tiles = tiles_within(private_tile_floats, points_ * (in_channels_ + split.rows), 2);
    split.by_tiles = threads == 1 || divide_up(tiles_, split.tiles) >= 3 * threads;
  }
  if (!split.by_tiles) split.tiles = tiles_within(shared_tile_floats, points_ * in_channels_, 4);

  split.input = odd_lines(split.tiles * in_channels_);
  split.product = odd_lines(split.tiles * split.rows);
  split.weight = keeps_points_ ? 0 : odd_lines(split.rows * kc_);
  split.input_floats = points_ * split.input;
  split.product_floats = points_ * split.product;
  split.weight_floats = variant_.alpha() * split.weight;
  // The band of the image under a block, and the outputs of a vector of tiles.
  const std::int64_t tile_rows = divide_up(tiles_, tile_columns_);
  const std::int64_t band_rows =
      std::min(divide_up(split.tiles, tile_columns_) + 1, tile_rows) * variant_.outputs + variant_.taps - 1;
  const std::int64_t pitch = tile_columns_ * variant_.outputs + variant_.taps - 1;
  split.stage_floats = std::max(round_up(band_rows * pitch + winograd_overrun, line), line * 64);
  split.private_floats = split.product_floats + split.weight_floats + split.stage_floats +
                         (split.by_tiles ? split.input_floats : 0);
  return split;
}

/// One plane per tap, each a sequence of A panels as gemm reads them: per K block, per mr output channels.
void WinogradConvolution::pack_taps(const float* weights, float* taps) const {
  for (std::int64_t tap = 0; tap < taps_; ++tap) {
    float* to = taps + tap * tap_stride_;
    for (std::int64_t first = 0; first < in_channels_; first += kc_) {
      const std::int64_t end = std::min(in_channels_, first + kc_);
      for (std::int64_t row = 0; row < out_channels_; row += gemm_.mr) {
        const std::int64_t row_end = std::min<std::int64_t>(out_channels_, row + gemm_.mr);
        for (std::int64_t channel = first; channel < end; ++channel) {
          for (std::int64_t r = row; r < row_end; ++r)
            *to++ = weights[(r * in_channels_ + channel) * taps_ + tap];
        }
      }
    }
    std::fill(to, taps + (tap + 1) * tap_stride_, 0.0F);  // transforms read whole vectors
  }
}

/// Of `count` pairs of channels; `points` has room for whole vectors.
void WinogradConvolution::transform_weights(const float* taps, std::int64_t count, int row, float* points,
                                            std::int64_t stride) const {
  variant_.transform_weights(taps, tap_stride_, round_up(count, lanes_), row, points, stride);
}

void WinogradConvolution::transform_input(const Run& run, std::int64_t channel, const TileBlock& block,
                                          float* stage, float* points) const {
  const std::int64_t in_plane = shape_.in_rows * shape_.in_columns;
  const float* plane = run.in + (run.item * in_channels_ + channel) * in_plane;
  const std::int64_t outputs = variant_.outputs;
  const std::int64_t tile_row = block.first / tile_columns_;
  const std::int64_t tile_rows = (block.first + block.count - 1) / tile_columns_ - tile_row + 1;
  const bool one_row = tile_rows == 1;
  const std::int64_t tile_column = one_row ? block.first % tile_columns_ : 0;
  const std::int64_t pitch = (one_row ? block.count : tile_columns_) * outputs + variant_.taps - 1;

  // The band of the image under these tiles, with zeros around.
  const std::int64_t column = tile_column * outputs - shape_.padding_columns;
  const std::int64_t left = std::clamp<std::int64_t>(-column, 0, pitch);
  const std::int64_t inside = std::clamp<std::int64_t>(shape_.in_columns - column - left, 0, pitch - left);
  const std::int64_t rows = tile_rows * outputs + variant_.taps - 1;
  const bool another_channel = channel + 1 < in_channels_;
  for (std::int64_t r = 0; r < rows; ++r) {
    float* to = stage + r * pitch;
    const std::int64_t row = tile_row * outputs - shape_.padding_rows + r;
    if (row < 0 || row >= shape_.in_rows) {
      std::fill_n(to, pitch, 0.0F);
      continue;
    }
    const float* from = plane + row * shape_.in_columns + column + left;
    std::fill_n(to, left, 0.0F);
    std::memcpy(to + left, from, static_cast<std::size_t>(inside) * sizeof(float));
    std::fill_n(to + left + inside, pitch - left - inside, 0.0F);
    if (!another_channel) continue;
    for (std::int64_t i = 0; i < inside; i += line) __builtin_prefetch(from + in_plane + i, 0, 2);
  }
  std::fill_n(stage + rows * pitch, winograd_overrun, 0.0F);

  const std::int64_t first = channel / kc_ * kc_;
  const std::int64_t channels = std::min(kc_, in_channels_ - first);
  float* to = points + first * block.columns + (channel - first) * gemm_.nr;
  std::int32_t offsets[widest_lanes];
  for (std::int64_t index = 0; index < block.columns; index += lanes_) {
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      // Lanes without a tile repeat the last one; nobody reads their products.
      const std::int64_t tile = block.first + std::min(index + lane, block.count - 1);
      offsets[lane] = static_cast<std::int32_t>((tile / tile_columns_ - tile_row) * outputs * pitch +
                                                (tile % tile_columns_ - tile_column) * outputs);
    }
    variant_.transform_input(stage, pitch, offsets,
                             to + index / gemm_.nr * gemm_.nr * channels + index % gemm_.nr, run.split.input);
  }
}

/// Steps 2 to 4 for some output channels. `scratch`: product points, weight points, a buffer for outputs.
void WinogradConvolution::compute_rows(const Run& run, const TileBlock& block, const ChannelBlock& rows,
                                       const float* input_points, float* scratch) const {
  const std::int64_t alpha = variant_.alpha();
  const std::int64_t nr = gemm_.nr;
  float* products = scratch;
  float* made = products + run.split.product_floats;
  for (int row = 0; row < alpha; ++row) {
    for (std::int64_t first = 0; first < in_channels_; first += kc_) {
      const std::int64_t channels = std::min(kc_, in_channels_ - first);
      const std::int64_t pairs_before = out_channels_ * first + rows.first * channels;
      const float* weights = kept_.data() + row * alpha * kept_stride_ + pairs_before;
      std::int64_t weight_stride = kept_stride_;
      if (!keeps_points_) {
        transform_weights(taps_packed_.data() + pairs_before, rows.count * channels, row, made,
                          run.split.weight);
        weights = made;
        weight_stride = run.split.weight;
      }
      for (std::int64_t point = row * alpha; point < (row + 1) * alpha; ++point, weights += weight_stride) {
        const float* input = input_points + point * run.split.input + first * block.columns;
        for (std::int64_t column = 0; column < block.columns; column += nr) {
          gemm_column_panel(gemm_, rows.count, nr, channels, weights, input + column * channels,
                            products + point * run.split.product + column, block.columns, first > 0, nullptr);
        }
      }
    }
  }
  float* buffer = made + run.split.weight_floats;
  for (std::int64_t r = 0; r < rows.count; ++r) {
    transform_output(run, block, rows.first + r, products + r * block.columns, buffer);
  }
}

void WinogradConvolution::transform_output(const Run& run, const TileBlock& block, std::int64_t channel,
                                           const float* products, float* buffer) const {
  const std::int64_t plane = (run.item * out_channels_ + channel) * shape_.out_rows() * shape_.out_columns();
  const float bias = run.epilogue.bias != nullptr ? run.epilogue.bias[channel] : 0.0F;
  const float* residual = run.epilogue.residual != nullptr ? run.epilogue.residual + plane : nullptr;
  const bool relu = run.epilogue.relu;
  const std::int64_t outputs = variant_.outputs;
  const std::int64_t pitch = round_up(lanes_ * outputs + winograd_overrun, line);
  const std::int64_t out_columns = shape_.out_columns();
  for (std::int64_t index = 0; index < block.count; index += lanes_) {
    variant_.transform_output(products + index, run.split.product, bias, relu && residual == nullptr, buffer,
                              pitch);
    const std::int64_t used = std::min(lanes_, block.count - index);
    std::int64_t side_by_side = 0;
    for (std::int64_t lane = 0; lane < used; lane += side_by_side) {
      const std::int64_t tile = block.first + index + lane;
      const std::int64_t row = tile / tile_columns_ * outputs;
      const std::int64_t column = tile % tile_columns_ * outputs;
      side_by_side = std::min(used - lane, tile_columns_ - tile % tile_columns_);
      const std::int64_t rows = std::min(outputs, shape_.out_rows() - row);
      const std::int64_t columns = std::min(side_by_side * outputs, out_columns - column);
      for (std::int64_t r = 0; r < rows; ++r) {
        const float* from = buffer + r * pitch + lane * outputs;
        const std::int64_t offset = (row + r) * out_columns + column;
        float* to = run.out + plane + offset;
        if (residual == nullptr) {
          std::memcpy(to, from, static_cast<std::size_t>(columns) * sizeof(float));
          continue;
        }
        for (std::int64_t c = 0; c < columns; ++c) {
          const float sum = from[c] + residual[offset + c];
          to[c] = relu && sum <= 0.0F ? 0.0F : sum;
        }
      }
    }
  }
}

void WinogradConvolution::run(const float* in, float* out, const Epilogue& epilogue,
                              std::span<float> workspace, ThreadPool& pool) const {
  assert(workspace.size() >= workspace_floats(pool.threads()));
  const auto misalignment = reinterpret_cast<std::uintptr_t>(workspace.data()) % 64 / sizeof(float);
  float* aligned = workspace.data() + (line - misalignment) % line;
  Run run{in, out, epilogue, choose_split(pool.threads())};
  const Split& split = run.split;
  const std::int64_t row_blocks = divide_up(out_channels_, split.rows);
  const auto row_block = [&](std::int64_t index) {
    const std::int64_t first = index * split.rows;
    return ChannelBlock{first, std::min(split.rows, out_channels_ - first)};
  };
  for (run.item = 0; run.item < shape_.batch; ++run.item) {
    if (split.by_tiles) {
      pool.parallel_for(divide_up(tiles_, split.tiles), [&](std::int64_t job, int thread) {
        float* scratch = aligned + thread * split.private_floats;
        float* input_points = scratch + split.private_floats - split.input_floats;
        float* stage = input_points - split.stage_floats;
        const TileBlock block = tile_block(split, job * split.tiles);
        for (std::int64_t channel = 0; channel < in_channels_; ++channel) {
          transform_input(run, channel, block, stage, input_points);
        }
        for (std::int64_t i = 0; i < row_blocks; ++i)
          compute_rows(run, block, row_block(i), input_points, scratch);
      });
      continue;
    }
    for (std::int64_t tile = 0; tile < tiles_; tile += split.tiles) {
      const TileBlock block = tile_block(split, tile);
      float* privates = aligned + split.input_floats;
      pool.parallel_for(in_channels_, [&](std::int64_t channel, int thread) {
        float* stage = privates + (thread + 1) * split.private_floats - split.stage_floats;
        transform_input(run, channel, block, stage, aligned);
      });
      pool.parallel_for(row_blocks, [&](std::int64_t job, int thread) {
        compute_rows(run, block, row_block(job), aligned, privates + thread * split.private_floats);
      });
    }
  }
}

}  // namespace

std::unique_ptr<ConvAlgorithm> make_winograd_convolution(const Conv2dShape& shape, const float* weights,
                                                         Isa isa, WinogradTile tile) {
  return std::make_unique<WinogradConvolution>(shape, weights, isa, tile);
}

}  // namespace edge::kernels
