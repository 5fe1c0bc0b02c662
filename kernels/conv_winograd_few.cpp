// Winograd convolution, stride 1, of feature maps with few tiles and many channels, such as the last ones of
// a classifier. The roles in the products are exchanged against conv_winograd.cpp, in which tiles are
// columns:
//
//   1. input:    alpha x alpha pixels of every tile and channel  -> points, packed as gemm's A panels
//   2. weights:  r x r taps of every pair of channels            -> points, packed as gemm's B panels
//   3. multiply: one matrix product per point, products[point] = input[point] x weights[point]
//   4. output:   points of every tile and output channel         -> m x m outputs, bias, residual, ReLU
//
// A panel may have as many rows as there are tiles, while columns come in vectors: 4 or 25 tiles (7x7 and
// 28x28 feature maps) fill no multiple of 16 columns. And where A panels have to be expanded (armv7), these
// are the few. Every product is the same sum in the same order as there, and every transform the same
// sequence of operations, so results are the same to the bit.
//
// All tiles are one block: step 1 is made for all of them, then a job of the thread pool is a block of output
// channels with steps 2 to 4.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

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

constexpr std::int64_t most_channels = 64;  // of a block

/// to[i * to_stride ...] = from[i * from_stride ...] for i < count, `rows` floats each.
template <int rows>
void copy_points(const float* from, std::int64_t from_stride, std::int64_t count, float* to,
                 std::int64_t to_stride) {
  for (std::int64_t i = 0; i < count; ++i, from += from_stride, to += to_stride) {
    std::memcpy(to, from, rows * sizeof(float));
  }
}
using CopyPoints = void (*)(const float*, std::int64_t, std::int64_t, float*, std::int64_t);
/// By the rows of a panel: copies of known length are a few moves.
constexpr CopyPoints copies[] = {copy_points<1>, copy_points<2>,  copy_points<3>,  copy_points<4>,
                                 copy_points<5>, copy_points<6>,  copy_points<7>,  copy_points<8>,
                                 copy_points<9>, copy_points<10>, copy_points<11>, copy_points<12>};

/// K blocks: short for few tiles, so that a panel of weights is still in the L1 cache when it is multiplied.
std::int64_t longest_k(std::int64_t tiles, const GemmKernels& gemm) {
  return tiles <= gemm.mr ? 64 : 128;
}

/// A thread's part of the workspace.
struct Buffers {
  float* products;
  float* weights;
  float* gemm;
  float* tiles;
};

class WinogradOfFewTiles final : public ConvAlgorithm {
 public:
  WinogradOfFewTiles(const Conv2dShape& shape, const float* weights, Isa isa, WinogradTile tile)
      : shape_(shape),
        isa_(isa),
        gemm_(gemm_kernels(isa)),
        lanes_(winograd_kernels(isa).lanes),
        variant_(winograd_kernels(isa).variant(tile)),
        tiles_(shape, winograd_kernels(isa), variant_, static_cast<int>(lanes_)),
        panel_tiles_(divide_up(tiles_.count(), divide_up(tiles_.count(), gemm_.mr))),
        weights_(shape, weights,
                 {.rows = gemm_.nr, .whole = true, .longest_k = longest_k(tiles_.count(), gemm_)},
                 gemm_.blocking, winograd_kernels(isa), variant_),
        input_stride_(odd_lines(tiles_.count() * weights_.in_channels())) {}

  std::size_t packed_bytes() const override { return weights_.bytes(); }
  std::size_t workspace_floats(int threads) const override {
    return static_cast<std::size_t>(line + variant_.points() * input_stride_ +
                                    threads * private_floats(block_channels(threads)));
  }
  ConvFusions fusions() const override {
    return {.residual = true, .residual_in_place = true, .clamp = true};
  }
  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override;
  bool can_run_part() const override { return true; }
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool,
                std::span<float> workspace, ThreadPool& pool) const override;

 private:
  void run_tiles(const TileBlock& tiles, const float* in, float* out, const Epilogue& epilogue,
                 std::span<float> workspace, ThreadPool& pool) const;
  std::int64_t block_channels(int threads) const;
  std::int64_t product_stride(std::int64_t channels) const { return odd_lines(tiles_.count() * channels); }
  std::int64_t product_floats(std::int64_t channels) const {
    return variant_.points() * product_stride(channels);
  }
  std::int64_t gemm_floats() const { return round_up(gemm_scratch_floats(gemm_, weights_.k_block()), line); }
  std::int64_t tile_floats() const {
    const TileBlock all = tiles_.block(0, tiles_.count());
    return tiles_.scratch_floats(all.count) +
           std::max(variant_.points() * all.columns, lanes_ * tile_outputs());
  }
  std::int64_t private_floats(std::int64_t channels) const {
    return product_floats(channels) + weights_.scratch_floats(channels) + gemm_floats() + tile_floats();
  }
  std::int64_t tile_outputs() const { return std::int64_t{variant_.outputs} * variant_.outputs; }
  void transform_input(const TileBlock& all, const float* image, std::int64_t channel, float* input,
                       float* scratch) const;
  void multiply(const TileBlock& all, const float* input, std::int64_t first_channel, std::int64_t channels,
                const Buffers& buffers) const;
  void transform_output(const TileBlock& all, std::int64_t first_channel, std::int64_t channels,
                        const Epilogue& epilogue, const Buffers& buffers, float* out) const;
  void finish_tile(const float* outputs, const winograd::TilePlace& place, const float* residual,
                   const Epilogue& epilogue, float* out) const;

  Conv2dShape shape_;
  Isa isa_;
  const GemmKernels& gemm_;
  std::int64_t lanes_;
  const WinogradVariant& variant_;
  winograd::Tiles tiles_;
  std::int64_t panel_tiles_;  ///< rows of an A panel but the last
  winograd::Weights weights_;
  std::int64_t input_stride_;  ///< between two input points
};

/// As many as keep the threads busy for equally long.
std::int64_t WinogradOfFewTiles::block_channels(int threads) const {
  const std::int64_t nr = gemm_.nr;
  const std::int64_t channels = weights_.out_channels();
  const std::int64_t panels = divide_up(std::min(most_channels, channels), nr);
  const std::int64_t rounds = divide_up(divide_up(channels, panels * nr), threads);
  return round_up(divide_up(channels, rounds * threads), nr);
}

/// Step 1 for one channel. input[point * input_stride_ ...] are, per K block, the A panels.
void WinogradOfFewTiles::transform_input(const TileBlock& all, const float* image, std::int64_t channel,
                                         float* input, float* scratch) const {
  float* values = scratch + tiles_.scratch_floats(all.count);  // point by point, a float for each tile
  if (channel < shape_.in_channels) {
    const std::int64_t plane = shape_.in_rows * shape_.in_columns;
    const float* here = image + channel * plane;
    const float* next = channel + 1 < shape_.in_channels ? here + plane : nullptr;
    tiles_.transform_input(here, next, all, values, all.columns, lanes_, scratch);
  } else {
    std::fill_n(values, variant_.points() * all.columns, 0.0F);
  }
  const std::int64_t first = channel / weights_.k_block() * weights_.k_block();
  const std::int64_t channels = std::min(weights_.k_block(), weights_.in_channels() - first);
  input += first * all.count;
  for (std::int64_t tile = 0; tile < all.count; tile += panel_tiles_) {
    const std::int64_t rows = std::min(panel_tiles_, all.count - tile);
    copies[rows - 1](values + tile, all.columns, variant_.points(),
                     input + tile * channels + (channel - first) * rows, input_stride_);
  }
}

/// Steps 2 and 3: products[point * stride + tile * channels ...] of the block of output channels.
void WinogradOfFewTiles::multiply(const TileBlock& all, const float* input, std::int64_t first_channel,
                                  std::int64_t channels, const Buffers& buffers) const {
  const int alpha = variant_.alpha();
  for (int pair = 0; pair < alpha / 2; ++pair) {
    for (std::int64_t k = 0; k < weights_.in_channels(); k += weights_.k_block()) {
      const std::int64_t k_count = std::min(weights_.k_block(), weights_.in_channels() - k);
      const winograd::Weights::Points weights =
          weights_.points(pair, first_channel, channels, k, k_count, buffers.weights);
      for (int i = 0; i < 2 * alpha; ++i) {
        const int point = weights_.row_of(pair, i / alpha) * alpha + i % alpha;
        const float* panels = input + point * input_stride_ + k * all.count;
        float* products = buffers.products + point * product_stride(channels);
        for (std::int64_t tile = 0; tile < all.count; tile += panel_tiles_) {
          const std::int64_t rows = std::min(panel_tiles_, all.count - tile);
          gemm_row_panel(gemm_, static_cast<int>(rows), channels, k_count, panels + tile * k_count,
                         weights.data + i * weights.stride, k_count * gemm_.nr, products + tile * channels,
                         channels, k > 0, nullptr, buffers.gemm);
        }
      }
    }
  }
}

/// Step 4. The lanes of the transform are output channels.
void WinogradOfFewTiles::transform_output(const TileBlock& all, std::int64_t first_channel,
                                          std::int64_t channels, const Epilogue& epilogue,
                                          const Buffers& buffers, float* out) const {
  const std::int64_t existing = std::min(channels, shape_.out_channels - first_channel);
  const std::int64_t plane = shape_.out_rows() * shape_.out_columns();
  const std::int64_t m = variant_.outputs;
  const bool activated = epilogue.activation.kind != Activation::Kind::none;
  const bool relu = rectifies(epilogue.activation);
  const bool relu_at_once = relu && epilogue.residual == nullptr;
  const bool nothing_left =
      epilogue.residual == nullptr && (!activated || epilogue.activation == Activation::relu());
  for (std::int64_t tile = 0; tile < all.count; ++tile) {
    const winograd::TilePlace place = tiles_.place(all.tile(tile));
    const bool whole = place.rows == m && place.columns == m;
    for (std::int64_t group = 0; group < existing; group += lanes_) {
      const std::int64_t used = std::min(lanes_, existing - group);
      const std::int64_t channel = first_channel + group;
      const std::int64_t offset = channel * plane + place.offset;
      const bool at_once = nothing_left && whole && used == lanes_;
      float biases[winograd_most_lanes] = {};
      if (epilogue.bias != nullptr) std::copy_n(epilogue.bias + channel, used, biases);
      variant_.transform_output_channels(buffers.products + tile * channels + group,
                                         static_cast<std::ptrdiff_t>(product_stride(channels)), biases,
                                         relu_at_once, at_once ? out + offset : buffers.tiles,
                                         static_cast<std::ptrdiff_t>(at_once ? plane : m * m),
                                         static_cast<std::ptrdiff_t>(at_once ? shape_.out_columns() : m));
      if (at_once) continue;
      const float* residual = epilogue.residual != nullptr ? epilogue.residual + offset : nullptr;
      for (std::int64_t lane = 0; lane < used; ++lane) {
        finish_tile(buffers.tiles + lane * m * m, place,
                    residual != nullptr ? residual + lane * plane : nullptr, epilogue,
                    out + offset + lane * plane);
      }
    }
  }
}

/// What exists of a tile of one channel to its place, with what is left of the epilogue.
void WinogradOfFewTiles::finish_tile(const float* outputs, const winograd::TilePlace& place,
                                     const float* residual, const Epilogue& epilogue, float* out) const {
  const std::int64_t out_columns = shape_.out_columns();
  const bool relu = rectifies(epilogue.activation);
  const bool apart = !relu && epilogue.activation.kind != Activation::Kind::none;
  const float ceiling = relu ? epilogue.activation.b : std::numeric_limits<float>::infinity();
  for (std::int64_t row = 0; row < place.rows; ++row, outputs += variant_.outputs, out += out_columns) {
    for (std::int64_t column = 0; column < place.columns; ++column) {
      float value = outputs[column];
      if (residual != nullptr) {
        value += residual[column];
        if (relu) value = value <= 0.0F ? 0.0F : value;  // NaN stays NaN, -0 becomes +0
      }
      out[column] = value > ceiling ? ceiling : value;
    }
    if (apart) activate(isa_, epilogue.activation, out, out, static_cast<std::size_t>(place.columns));
    if (residual != nullptr) residual += out_columns;
  }
}

void WinogradOfFewTiles::run(const float* in, float* out, const Epilogue& epilogue,
                             std::span<float> workspace, ThreadPool& pool) const {
  const std::int64_t in_floats = shape_.in_channels * shape_.in_rows * shape_.in_columns;
  const std::int64_t out_floats = shape_.out_channels * shape_.out_rows() * shape_.out_columns();
  for (std::int64_t item = 0; item < shape_.batch; ++item, in += in_floats, out += out_floats) {
    Epilogue here = epilogue;
    if (here.residual != nullptr) here.residual += item * out_floats;
    run_tiles(tiles_.block(0, tiles_.count()), in, out, here, workspace, pool);
  }
}

void WinogradOfFewTiles::run_part(const float* in, float* out, const DirtyMap& dirty,
                                  const Epilogue& epilogue, bool /*max_pool*/, std::span<float> workspace,
                                  ThreadPool& pool) const {
  run_tiles(tiles_.block(tiles_.dirty_tiles(dirty)), in, out, epilogue, workspace, pool);
}

/// One image.
void WinogradOfFewTiles::run_tiles(const TileBlock& tiles, const float* in, float* out,
                                   const Epilogue& epilogue, std::span<float> workspace,
                                   ThreadPool& pool) const {
  assert(workspace.size() >= workspace_floats(pool.threads()));
  const auto misalignment = reinterpret_cast<std::uintptr_t>(workspace.data()) % 64 / sizeof(float);
  float* input = workspace.data() + (line - misalignment) % line;
  float* privates = input + variant_.points() * input_stride_;
  const std::int64_t block = block_channels(pool.threads());
  const auto buffers_of = [&](int thread) {
    Buffers buffers{};
    buffers.products = privates + thread * private_floats(block);
    buffers.weights = buffers.products + product_floats(block);
    buffers.gemm = buffers.weights + weights_.scratch_floats(block);
    buffers.tiles = buffers.gemm + gemm_floats();
    return buffers;
  };
  pool.parallel_for(weights_.in_channels(), [&](std::int64_t channel, int thread) {
    transform_input(tiles, in, channel, input, buffers_of(thread).tiles);
  });
  pool.parallel_for(divide_up(weights_.out_channels(), block), [&](std::int64_t job, int thread) {
    const Buffers buffers = buffers_of(thread);
    const std::int64_t first = job * block;
    const std::int64_t channels = std::min(block, weights_.out_channels() - first);
    multiply(tiles, input, first, channels, buffers);
    transform_output(tiles, first, channels, epilogue, buffers, out);
  });
}

}  // namespace

std::unique_ptr<ConvAlgorithm> make_winograd_convolution_of_few_tiles(const Conv2dShape& shape,
                                                                      const float* weights, Isa isa,
                                                                      WinogradTile tile) {
  return std::make_unique<WinogradOfFewTiles>(shape, weights, isa, tile);
}

std::unique_ptr<ConvAlgorithm> make_winograd_convolution(const Conv2dShape& shape, const float* weights,
                                                         Isa isa, WinogradTile tile) {
  constexpr std::int64_t few = 64;
  const GemmKernels& gemm = gemm_kernels(isa);
  const WinogradVariant& variant = winograd_kernels(isa).variant(tile);
  const std::int64_t outputs = variant.outputs;
  const std::int64_t tiles = divide_up(shape.out_rows(), outputs) * divide_up(shape.out_columns(), outputs);
  // Tiles as columns: panels of weights may have to be expanded, and whole vectors of tiles be computed. With
  // few weights that is soon done.
  const bool costly =
      gemm.expanded != nullptr || (10 * round_up(tiles, gemm_column_step(gemm)) > 11 * tiles &&
                                   !winograd::Weights::few_enough_to_keep(shape, variant));
  if (costly && tiles <= std::min(few, shape.out_channels)) {
    return make_winograd_convolution_of_few_tiles(shape, weights, isa, tile);
  }
  return make_winograd_convolution_of_many_tiles(shape, weights, isa, tile);
}

}  // namespace edge::kernels
