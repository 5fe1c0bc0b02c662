// Convolution over someone else's sgemm: row-major im2col tiles of bounded size, one product per tile and K
// block, the epilogue in a pass of its own. For comparison with OpenBLAS and as a second opinion in tests.
// Threads over tiles.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/rounding.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t tile_floats = 512 * 1024;
constexpr std::int64_t most_rows = 8192;  // of K at a time
constexpr std::int64_t widest_tile = 1024;

class ExternalConvolution final : public ConvAlgorithm {
 public:
  ExternalConvolution(const Conv2dShape& shape, const float* weights, SgemmFunction sgemm)
      : shape_(shape),
        sgemm_(sgemm),
        m_(shape.out_channels / shape.groups),
        k_(shape.in_channels / shape.groups * shape.kernel_rows * shape.kernel_columns),
        kc_(std::min(k_, most_rows)),
        positions_(shape.out_rows() * shape.out_columns()),
        tile_(std::min(positions_, std::clamp<std::int64_t>(tile_floats / kc_, 16, widest_tile))),
        weights_(weights, weights + shape.out_channels * k_) {}

  std::size_t packed_bytes() const override { return weights_.size() * sizeof(float); }
  std::size_t workspace_floats(int threads) const override {
    // The last part holds a tile of results when the residual is `out`.
    return static_cast<std::size_t>((kc_ + m_) * tile_ * threads);
  }

  ConvFusions fusions() const override {
    return {.residual = true, .residual_in_place = true, .clamp = true};
  }

  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override {
    assert(workspace.size() >= workspace_floats(pool.threads()));
    const std::int64_t tiles = divide_up(positions_, tile_);
    pool.parallel_for(shape_.batch * shape_.groups * tiles, [&](std::int64_t job, int thread) {
      float* matrix = workspace.data() + thread * (kc_ + m_) * tile_;
      const std::int64_t first = job % tiles * tile_;
      const std::int64_t count = std::min(tile_, positions_ - first);
      const std::int64_t image = job / tiles;  // item x groups + group
      const std::int64_t group = image % shape_.groups;
      const std::int64_t in_channels = shape_.in_channels / shape_.groups;
      const float* image_in = in + image * in_channels * shape_.in_rows * shape_.in_columns;
      float* target = out + image * m_ * positions_ + first;
      const bool in_place = epilogue.residual == out;
      float* product = in_place ? matrix + kc_ * tile_ : target;
      const std::int64_t ldc = in_place ? tile_ : positions_;
      ThreadPool alone(1);
      for (std::int64_t k = 0; k < k_; k += kc_) {
        const std::int64_t k_count = std::min(kc_, k_ - k);
        for (std::int64_t row = 0; row < k_count; ++row)
          fill_row(image_in, k + row, first, count, matrix + row * tile_);
        sgemm_(Transpose::no, Transpose::no, m_, count, k_count, 1.0F, weights_.data() + group * m_ * k_ + k,
               k_, matrix, tile_, k > 0 ? 1.0F : 0.0F, product, ldc, alone);
      }
      for (std::int64_t m = 0; m < m_; ++m) {
        const float bias = epilogue.bias != nullptr ? epilogue.bias[group * m_ + m] : 0.0F;
        for (std::int64_t i = 0; i < count; ++i) {
          float value = product[m * ldc + i] + bias;
          const std::int64_t at = m * positions_ + i;
          if (epilogue.residual != nullptr) value += epilogue.residual[target - out + at];
          if (epilogue.activation.kind != Activation::Kind::none) {
            value = value <= 0.0F ? 0.0F : value;  // NaN stays NaN, -0 becomes +0
            value = value > epilogue.activation.b ? epilogue.activation.b : value;
          }
          target[at] = value;
        }
      }
    });
  }

 private:
  /// Row k of the im2col matrix, output positions [first, first + count).
  void fill_row(const float* image, std::int64_t k, std::int64_t first, std::int64_t count, float* to) const {
    const std::int64_t tap_column =
        k % shape_.kernel_columns * shape_.dilation_columns - shape_.padding_columns;
    const std::int64_t tap_row =
        k / shape_.kernel_columns % shape_.kernel_rows * shape_.dilation_rows - shape_.padding_rows;
    const float* plane =
        image + k / shape_.kernel_columns / shape_.kernel_rows * shape_.in_rows * shape_.in_columns;
    std::int64_t row = first / shape_.out_columns();
    std::int64_t column = first % shape_.out_columns();
    for (std::int64_t i = 0; i < count; ++row, column = 0) {
      const std::int64_t y = row * shape_.stride_rows + tap_row;
      const bool inside = y >= 0 && y < shape_.in_rows;
      for (; i < count && column < shape_.out_columns(); ++i, ++column) {
        const std::int64_t x = column * shape_.stride_columns + tap_column;
        to[i] = inside && x >= 0 && x < shape_.in_columns ? plane[y * shape_.in_columns + x] : 0.0F;
      }
    }
  }

  Conv2dShape shape_;
  SgemmFunction sgemm_;
  std::int64_t m_;          ///< output channels of a group
  std::int64_t k_;          ///< input channels of a group x taps
  std::int64_t kc_;         ///< rows of K at a time
  std::int64_t positions_;  ///< output rows x columns
  std::int64_t tile_;       ///< positions at a time
  std::vector<float> weights_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> make_external_convolution(const Conv2dShape& shape, const float* weights,
                                                         SgemmFunction sgemm) {
  return std::make_unique<ExternalConvolution>(shape, weights, sgemm);
}

}  // namespace edge::kernels
