// Winograd convolution, stride 1. For a block of tiles (and a block of output channels):
//
//   1. input:    alpha x alpha pixels of every tile and channel  -> points, packed as gemm's B panels
//   2. weights:  r x r taps of every pair of channels            -> points, packed as gemm's A panels
//   3. multiply: one matrix product per point, products[point] = weights[point] x input[point]
//   4. output:   points of every tile and output channel         -> m x m outputs, bias, ReLU, residual
//
// Few weights: their points are kept, and a job of the thread pool is a block of tiles with everything that
// is done to it. Many weights (or few tiles): the input's points are made first, a job is a block of output
// channels, and makes its weights' points itself.
// Every tile is a fixed sequence of operations on its own pixels: results depend on neither blocks nor
// threads, and a single tile can be recomputed alone.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/gemm_kernels.h"
#include "kernels/winograd_kernels.h"
#include "kernels/winograd_layout.h"
#include "kernels/winograd_tiles.h"
#include "kernels/winograd_weights.h"

namespace edge::kernels {

namespace {

using winograd::line;
using winograd::odd_lines;
using winograd::TileBlock;

constexpr std::int64_t most_rows = 64;                        // output channels of a block
constexpr std::int64_t private_tile_floats = 384 * 1024;      // input and product points of a block of tiles
constexpr std::int64_t shared_tile_floats = 2 * 1024 * 1024;  // input points of a block shared by all threads

/// How the work of one run is cut into jobs: changes no result. Sizes in floats.
struct Split {
  bool by_tiles = false;            ///< jobs are blocks of tiles, else of output channels
  std::int64_t tiles = 0;           ///< of a block, a multiple of nr
  std::int64_t rows = 0;            ///< output channels of a block, a multiple of mr
  std::int64_t input_stride = 0;    ///< between two input points
  std::int64_t product_stride = 0;  ///< between two product points
  std::int64_t input_floats = 0;    ///< all input points
  std::int64_t product_floats = 0;  ///< all product points
  std::int64_t weight_floats = 0;   ///< weight points that are made
  std::int64_t gemm_floats = 0;
  std::int64_t tile_floats = 0;
  std::int64_t private_floats = 0;  ///< of a thread: all above; input points if by_tiles
};

/// A thread's part of the workspace, and where the input points are.
struct Buffers {
  float* input;
  float* products;
  float* weights;
  float* gemm;
  float* tiles;
};

Buffers buffers_at(const Split& split, float* begin, float* shared_input) {
  Buffers buffers{};
  buffers.products = begin;
  buffers.weights = buffers.products + split.product_floats;
  buffers.gemm = buffers.weights + split.weight_floats;
  buffers.tiles = buffers.gemm + split.gemm_floats;
  buffers.input = split.by_tiles ? buffers.tiles + split.tile_floats : shared_input;
  return buffers;
}

class WinogradConvolution final : public ConvAlgorithm {
 public:
  WinogradConvolution(const Conv2dShape& shape, const float* weights, Isa isa, WinogradTile tile)
      : shape_(shape),
        gemm_(gemm_kernels(isa)),
        variant_(winograd_kernels(isa).variant(tile)),
        tiles_(shape, winograd_kernels(isa), variant_, gemm_.nr),
        weights_(shape, weights, {.rows = gemm_.mr}, gemm_.blocking, winograd_kernels(isa), variant_) {}

  std::size_t packed_bytes() const override { return weights_.bytes(); }
  std::size_t workspace_floats(int threads) const override {
    const Split split = choose_split(threads);
    return static_cast<std::size_t>(line + (split.by_tiles ? 0 : split.input_floats) +
                                    threads * split.private_floats);
  }
  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override {
    run(in, out, epilogue, false, workspace, pool);
  }
  /// A residual is added behind the transform by plain code: no gain over adding it apart.
  ConvFusions fusions() const override { return {.max_pool = true}; }
  void run_pooled(const float* in, float* out, const float* bias, std::span<float> workspace,
                  ThreadPool& pool) const override {
    run(in, out, {.bias = bias, .activation = Activation::relu()}, true, workspace, pool);
  }

  bool can_run_part() const override { return true; }
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool,
                std::span<float> workspace, ThreadPool& pool) const override;

 private:
  void run(const float* in, float* out, const Epilogue& epilogue, bool max_pool, std::span<float> workspace,
           ThreadPool& pool) const;
  template <class BlockAt>
  void run_blocks(const float* in, float* out, const Epilogue& epilogue, bool max_pool, const Split& split,
                  std::int64_t tiles, const BlockAt& block_at, std::span<float> workspace,
                  ThreadPool& pool) const;
  Split split_for(std::int64_t tiles, int threads) const;
  std::int64_t out_plane(bool max_pool) const {
    const std::int64_t pool = max_pool ? 2 : 1;
    return shape_.out_rows() / pool * (shape_.out_columns() / pool);
  }
  Split choose_split(int threads) const;
  void transform_input(const float* image, std::int64_t channel, const TileBlock& block, const Split& split,
                       const Buffers& buffers) const;
  void compute_rows(const TileBlock& block, std::int64_t first_row, const Split& split,
                    const Epilogue& epilogue, bool max_pool, const Buffers& buffers, float* out) const;
  void multiply(const TileBlock& block, std::int64_t rows, std::int64_t channels, const float* weights,
                const float* input, float* products, bool accumulate, float* scratch) const;

  Conv2dShape shape_;
  const GemmKernels& gemm_;
  const WinogradVariant& variant_;
  winograd::Tiles tiles_;
  winograd::Weights weights_;
};

Split WinogradConvolution::choose_split(int threads) const {
  Split split;
  const std::int64_t nr = gemm_.nr;
  const std::int64_t mr = gemm_.mr;
  const std::int64_t points = variant_.points();
  const std::int64_t in_channels = weights_.in_channels();
  const std::int64_t out_channels = shape_.out_channels;
  const auto tiles_within = [&](std::int64_t floats, std::int64_t floats_per_tile,
                                std::int64_t fewest_panels) {
    const std::int64_t limit = std::max(floats / floats_per_tile / nr, fewest_panels) * nr;
    return round_up(divide_up(tiles_.count(), divide_up(tiles_.count(), limit)), nr);
  };
  if (weights_.keeps_points()) {
    split.rows = round_up(balanced_block(out_channels, most_rows), mr);
    split.tiles = tiles_within(private_tile_floats, points * (in_channels + split.rows), 2);
    split.by_tiles = threads == 1 || divide_up(tiles_.count(), split.tiles) >= 3 * threads;
  }
  if (!split.by_tiles) {
    split.tiles = tiles_within(shared_tile_floats, points * in_channels, 4);
    // As many rows as still balance the threads.
    const std::int64_t most =
        std::min(weights_.keeps_points() ? most_rows : weights_.rows_in_cache(), out_channels);
    std::int64_t shortest = 0;
    for (std::int64_t rows = round_up(divide_up(most, 3), mr); rows <= round_up(most, mr); rows += mr) {
      const std::int64_t makespan = divide_up(divide_up(out_channels, rows), threads) * rows;
      if (shortest != 0 && makespan > shortest) continue;
      split.rows = rows;
      shortest = makespan;
    }
  }
  split.input_stride = odd_lines(split.tiles * in_channels);
  split.product_stride = odd_lines(split.tiles * split.rows);
  split.input_floats = points * split.input_stride;
  split.product_floats = points * split.product_stride;
  split.weight_floats = weights_.scratch_floats(split.rows);
  split.gemm_floats = round_up(gemm_scratch_floats(gemm_, weights_.k_block()), line);
  split.tile_floats = tiles_.scratch_floats(split.tiles);
  split.private_floats = split.product_floats + split.weight_floats + split.gemm_floats + split.tile_floats +
                         (split.by_tiles ? split.input_floats : 0);
  return split;
}

/// For a part of the tiles: needs no more room than choose_split().
Split WinogradConvolution::split_for(std::int64_t tiles, int threads) const {
  Split split = choose_split(threads);
  const std::int64_t fewest_blocks = split.by_tiles ? threads : 1;
  const std::int64_t blocks = std::max(divide_up(tiles, split.tiles), fewest_blocks);
  split.tiles = std::min(split.tiles, round_up(divide_up(tiles, blocks), gemm_.nr));
  split.input_stride = odd_lines(split.tiles * weights_.in_channels());
  split.product_stride = odd_lines(split.tiles * split.rows);
  return split;
}

/// Step 1 for one channel.
void WinogradConvolution::transform_input(const float* image, std::int64_t channel, const TileBlock& block,
                                          const Split& split, const Buffers& buffers) const {
  const std::int64_t k_block = weights_.k_block();
  const std::int64_t first = channel / k_block * k_block;
  const std::int64_t panel_stride = std::min(k_block, weights_.in_channels() - first) * gemm_.nr;
  float* points = buffers.input + first * block.columns + (channel - first) * gemm_.nr;
  if (channel >= shape_.in_channels) {
    tiles_.fill_input(block, points, split.input_stride, panel_stride);
    return;
  }
  const std::int64_t plane = shape_.in_rows * shape_.in_columns;
  const float* here = image + channel * plane;
  const float* next = channel + 1 < shape_.in_channels ? here + plane : nullptr;
  tiles_.transform_input(here, next, block, points, split.input_stride, panel_stride, buffers.tiles);
}

/// Steps 2 to 4 for the block of output channels that starts at first_row.
void WinogradConvolution::compute_rows(const TileBlock& block, std::int64_t first_row, const Split& split,
                                       const Epilogue& epilogue, bool max_pool, const Buffers& buffers,
                                       float* out) const {
  const int alpha = variant_.alpha();
  const std::int64_t rows = std::min(split.rows, shape_.out_channels - first_row);
  for (int pair = 0; pair < alpha / 2; ++pair) {
    for (std::int64_t first = 0; first < weights_.in_channels(); first += weights_.k_block()) {
      const std::int64_t channels = std::min(weights_.k_block(), weights_.in_channels() - first);
      const winograd::Weights::Points weights =
          weights_.points(pair, first_row, rows, first, channels, buffers.weights);
      for (int i = 0; i < 2 * alpha; ++i) {
        const int point = weights_.row_of(pair, i / alpha) * alpha + i % alpha;
        multiply(block, rows, channels, weights.data + i * weights.stride,
                 buffers.input + point * split.input_stride + first * block.columns,
                 buffers.products + point * split.product_stride, first > 0, buffers.gemm);
      }
    }
  }
  const std::int64_t plane = out_plane(max_pool);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t channel = first_row + row;
    const Epilogue here{epilogue.bias != nullptr ? epilogue.bias + channel : nullptr,
                        epilogue.residual != nullptr ? epilogue.residual + channel * plane : nullptr,
                        epilogue.activation};
    tiles_.transform_output(buffers.products + row * block.columns, split.product_stride, block, here,
                            max_pool, out + channel * plane, buffers.tiles);
  }
}

/// One point of a block, or its part from one K block.
void WinogradConvolution::multiply(const TileBlock& block, std::int64_t rows, std::int64_t channels,
                                   const float* weights, const float* input, float* products, bool accumulate,
                                   float* scratch) const {
  const std::int64_t nr = gemm_.nr;
  if (gemm_.sweeps != nullptr) {
    const std::int64_t columns = round_up(block.count, gemm_column_step(gemm_));
    for (std::int64_t row = 0; row < rows; row += gemm_.mr) {
      gemm_row_panel(gemm_, static_cast<int>(std::min<std::int64_t>(gemm_.mr, rows - row)), columns, channels,
                     weights + row * channels, input, channels * nr, products + row * block.columns,
                     block.columns, accumulate, nullptr, scratch);
    }
    return;
  }
  for (std::int64_t column = 0; column < block.columns; column += nr) {
    // Of the last panel, only what there is, if that leaves half of it: 7x7 feature maps have 4 tiles.
    const std::int64_t left = block.count - column;
    gemm_column_panel(gemm_, rows, left <= nr / 2 ? left : nr, channels, weights, input + column * channels,
                      products + column, block.columns, accumulate, nullptr);
  }
}

/// All blocks of one image; block_at(first) is the block of split.tiles tiles from `first` on, of `tiles`.
template <class BlockAt>
void WinogradConvolution::run_blocks(const float* in, float* out, const Epilogue& epilogue, bool max_pool,
                                     const Split& split, std::int64_t tiles, const BlockAt& block_at,
                                     std::span<float> workspace, ThreadPool& pool) const {
  assert(workspace.size() >= workspace_floats(pool.threads()));
  const auto misalignment = reinterpret_cast<std::uintptr_t>(workspace.data()) % 64 / sizeof(float);
  float* shared_input = workspace.data() + (line - misalignment) % line;
  float* privates = shared_input + (split.by_tiles ? 0 : split.input_floats);
  const auto buffers_of = [&](int thread) {
    return buffers_at(split, privates + thread * split.private_floats, shared_input);
  };
  if (split.by_tiles) {
    pool.parallel_for(divide_up(tiles, split.tiles), [&](std::int64_t job, int thread) {
      const Buffers buffers = buffers_of(thread);
      const TileBlock block = block_at(job * split.tiles);
      for (std::int64_t channel = 0; channel < weights_.in_channels(); ++channel) {
        transform_input(in, channel, block, split, buffers);
      }
      for (std::int64_t row = 0; row < shape_.out_channels; row += split.rows) {
        compute_rows(block, row, split, epilogue, max_pool, buffers, out);
      }
    });
    return;
  }
  for (std::int64_t tile = 0; tile < tiles; tile += split.tiles) {
    const TileBlock block = block_at(tile);
    pool.parallel_for(weights_.in_channels(), [&](std::int64_t channel, int thread) {
      transform_input(in, channel, block, split, buffers_of(thread));
    });
    pool.parallel_for(divide_up(shape_.out_channels, split.rows), [&](std::int64_t job, int thread) {
      compute_rows(block, job * split.rows, split, epilogue, max_pool, buffers_of(thread), out);
    });
  }
}

void WinogradConvolution::run(const float* in, float* out, const Epilogue& epilogue, bool max_pool,
                              std::span<float> workspace, ThreadPool& pool) const {
  const Split split = choose_split(pool.threads());
  const std::int64_t in_floats = shape_.in_channels * shape_.in_rows * shape_.in_columns;
  const std::int64_t out_floats = shape_.out_channels * out_plane(max_pool);
  for (std::int64_t item = 0; item < shape_.batch; ++item, in += in_floats, out += out_floats) {
    Epilogue here = epilogue;
    if (here.residual != nullptr) here.residual += item * out_floats;
    const auto block_at = [&](std::int64_t first) { return tiles_.block(first, split.tiles); };
    run_blocks(in, out, here, max_pool, split, tiles_.count(), block_at, workspace, pool);
  }
}

void WinogradConvolution::run_part(const float* in, float* out, const DirtyMap& dirty,
                                   const Epilogue& epilogue, bool max_pool, std::span<float> workspace,
                                   ThreadPool& pool) const {
  const std::vector<std::int32_t> list = tiles_.dirty_tiles(dirty);
  const auto tiles = static_cast<std::int64_t>(list.size());
  const Split split = split_for(tiles, pool.threads());
  const auto block_at = [&](std::int64_t first) {
    const std::span<const std::int32_t> rest = std::span(list).subspan(static_cast<std::size_t>(first));
    return tiles_.block(rest.first(std::min(rest.size(), static_cast<std::size_t>(split.tiles))));
  };
  run_blocks(in, out, epilogue, max_pool, split, tiles, block_at, workspace, pool);
}

}  // namespace

std::unique_ptr<ConvAlgorithm> make_winograd_convolution_of_many_tiles(const Conv2dShape& shape,
                                                                       const float* weights, Isa isa,
                                                                       WinogradTile tile) {
  return std::make_unique<WinogradConvolution>(shape, weights, isa, tile);
}

}  // namespace edge::kernels
