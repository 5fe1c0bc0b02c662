// Depthwise convolution of eight channels at a time, one in each lane: a band of their rows is interleaved
// between zeros, every output is a chain of multiply-adds with whole vectors, and the results are separated
// again. Wins where rows are short, as no lanes are wasted at their ends, and with strides. The same chains
// as in conv_depthwise.cpp, and so the same bits. Threads over bands and groups of channels.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/depthwise_lanes.h"
#include "kernels/pointwise.h"
#include "kernels/rounding.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t lanes = depthwise_lanes;
constexpr std::int64_t stage_limit = 8 * 1024;  // floats, as long as that is a row of outputs
constexpr std::int64_t job_macs = 64 * 1024;
constexpr std::int64_t fewest_positions = 8;  // of an image, or of a band of it

class DepthwiseLaneConvolution final : public ConvAlgorithm {
 public:
  DepthwiseLaneConvolution(const Conv2dShape& shape, const float* weights, Isa isa)
      : shape_(shape),
        isa_(isa),
        kernels_(*depthwise_lane_kernels(isa)),
        taps_(shape.kernel_rows * shape.kernel_columns),
        out_rows_(shape.out_rows()),
        out_columns_(shape.out_columns()),
        groups_(divide_up(shape.in_channels, lanes)),
        pitch_(std::max((out_columns_ - 1) * shape.stride_columns + shape.kernel_columns,
                        shape.padding_columns + shape.in_columns)),
        band_rows_(choose_band_rows()),
        parts_(make_depthwise_convolution(shape, weights, isa)),
        weights_(static_cast<std::size_t>(groups_ * taps_ * lanes)) {
    for (std::int64_t row = 0; row < shape.kernel_rows; ++row) {
      for (std::int64_t column = 0; column < shape.kernel_columns; ++column) {
        offsets_.push_back(static_cast<std::int32_t>((row * pitch_ + column) * lanes));
      }
    }
    for (std::int64_t channel = 0; channel < shape.in_channels; ++channel) {
      for (std::int64_t tap = 0; tap < taps_; ++tap) {
        weights_[static_cast<std::size_t>((channel / lanes * taps_ + tap) * lanes + channel % lanes)] =
            weights[channel * taps_ + tap];
      }
    }
    for (std::int64_t row = 0; row < padded_rows(band_rows_); ++row) {
      for (std::int64_t column = 0; column < shape.in_columns; ++column) {
        places_.push_back(static_cast<std::int32_t>((row * pitch_ + shape.padding_columns + column) * lanes));
      }
    }
  }

  std::size_t packed_bytes() const override {
    return parts_->packed_bytes() + weights_.size() * sizeof(float) +
           (offsets_.size() + places_.size()) * sizeof(std::int32_t);
  }
  std::size_t workspace_floats(int threads) const override {
    return std::max(static_cast<std::size_t>(threads * thread_floats()), parts_->workspace_floats(threads));
  }
  ConvFusions fusions() const override {
    return {.residual = false, .residual_in_place = false, .clamp = true, .any_activation = true};
  }

  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override {
    assert(workspace.size() >= workspace_floats(pool.threads()));
    if (epilogue.residual != nullptr) return run_and_add(in, out, epilogue, workspace, pool);
    const std::int64_t bands = divide_up(out_rows_, band_rows_);
    const std::int64_t all_groups = shape_.batch * groups_;
    const std::int64_t groups_per_job =
        std::clamp<std::int64_t>(job_macs / (band_rows_ * out_columns_ * taps_), 1,
                                 divide_up(all_groups, divide_up(pool.threads(), bands)));
    const std::int64_t jobs_per_band = divide_up(all_groups, groups_per_job);
    pool.parallel_for(bands * jobs_per_band, [&](std::int64_t job, int thread) {
      float* const stage = workspace.data() + thread * thread_floats();
      const Band band = band_at(job / jobs_per_band * band_rows_);
      clear_around(band, stage);
      const std::int64_t first = job % jobs_per_band * groups_per_job;
      for (std::int64_t group = first; group < std::min(all_groups, first + groups_per_job); ++group) {
        run_group(in, out, epilogue, group, band, stage);
      }
    });
  }

  bool can_run_part() const override { return true; }
  /// Interleaving pays for whole rows only.
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool,
                std::span<float> workspace, ThreadPool& pool) const override {
    parts_->run_part(in, out, dirty, epilogue, max_pool, workspace, pool);
  }

 private:
  /// Networks hardly ever add to a depthwise convolution.
  void run_and_add(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
                   ThreadPool& pool) const {
    const auto count =
        static_cast<std::size_t>(shape_.batch * shape_.out_channels * out_rows_ * out_columns_);
    const std::vector<float> residual(epilogue.residual, epilogue.residual + count);
    run(in, out, {.bias = epilogue.bias}, workspace, pool);
    add(isa_, out, residual.data(), out, count, epilogue.activation);
  }

  /// Some output rows and what they need of the image.
  struct Band {
    std::int64_t out_row, out_rows;
    std::int64_t in_row, in_rows;  ///< that exist
    std::int64_t above, below;     ///< rows of zeros
  };

  std::int64_t padded_rows(std::int64_t rows) const {
    return (rows - 1) * shape_.stride_rows + shape_.kernel_rows;
  }

  /// Equal bands, each with at least `fewest_positions` in and out.
  std::int64_t choose_band_rows() const {
    const std::int64_t fewest =
        divide_up(fewest_positions, std::min(out_columns_, shape_.in_columns)) + shape_.padding_rows;
    std::int64_t rows = out_rows_;
    while (rows / 2 >= fewest && padded_rows(rows) * pitch_ * lanes > stage_limit) rows = divide_up(rows, 2);
    while (out_rows_ % rows != 0 && out_rows_ % rows < fewest) ++rows;
    return rows;
  }

  std::int64_t stage_floats() const { return padded_rows(band_rows_) * pitch_ * lanes; }
  std::int64_t thread_floats() const {
    return divide_up(stage_floats() + band_rows_ * out_columns_ * lanes, 16) * 16;
  }

  Band band_at(std::int64_t row) const {
    Band band{.out_row = row,
              .out_rows = std::min(band_rows_, out_rows_ - row),
              .in_row = 0,
              .in_rows = 0,
              .above = 0,
              .below = 0};
    const std::int64_t first = row * shape_.stride_rows - shape_.padding_rows;
    const std::int64_t end = first + padded_rows(band.out_rows);
    band.in_row = std::clamp<std::int64_t>(first, 0, shape_.in_rows);
    band.in_rows = std::clamp<std::int64_t>(end, band.in_row, shape_.in_rows) - band.in_row;
    band.above = band.in_row - first;
    band.below = end - band.in_row - band.in_rows;
    return band;
  }

  /// Zeros where the image does not reach.
  void clear_around(const Band& band, float* stage) const {
    const std::int64_t row = pitch_ * lanes;
    std::fill_n(stage, band.above * row, 0.0F);
    const std::int64_t left = shape_.padding_columns * lanes;
    const std::int64_t end = left + shape_.in_columns * lanes;
    for (std::int64_t i = band.above; i < band.above + band.in_rows; ++i) {
      std::fill_n(stage + i * row, left, 0.0F);
      std::fill_n(stage + i * row + end, row - end, 0.0F);
    }
    std::fill_n(stage + (band.above + band.in_rows) * row, band.below * row, 0.0F);
  }

  /// `group` counts groups of channels: item x groups + group.
  void run_group(const float* in, float* out, const Epilogue& epilogue, std::int64_t group, const Band& band,
                 float* stage) const {
    const std::int64_t channel = group % groups_ * lanes;
    const std::int64_t plane = group / groups_ * shape_.in_channels + channel;
    const std::int64_t used = std::min(lanes, shape_.in_channels - channel);
    const std::int64_t in_plane = shape_.in_rows * shape_.in_columns;
    const std::int64_t out_plane = out_rows_ * out_columns_;
    std::array<const float*, lanes> inputs{};
    std::array<float*, lanes> outputs{};
    std::array<float, lanes> bias{};
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t from = plane + std::min(lane, used - 1);  // lanes that are left over: the last again
      const auto at = static_cast<std::size_t>(lane);
      inputs[at] = in + from * in_plane + band.in_row * shape_.in_columns;
      outputs[at] = out + from * out_plane + band.out_row * out_columns_;
      bias[at] = epilogue.bias != nullptr && lane < used ? epilogue.bias[channel + lane] : -0.0F;
    }
    const auto positions = static_cast<std::ptrdiff_t>(band.out_rows * out_columns_);
    kernels_.interleave(inputs.data(), static_cast<std::ptrdiff_t>(band.in_rows * shape_.in_columns),
                        places_.data(), stage + band.above * pitch_ * lanes);
    float* const made = stage + stage_floats();
    const bool rectified = rectifies(epilogue.activation);
    LaneRow row{.image = stage,
                .offsets = offsets_.data(),
                .taps = static_cast<std::ptrdiff_t>(taps_),
                .stride = static_cast<std::ptrdiff_t>(shape_.stride_columns),
                .weights = weights_.data() + channel * taps_,
                .bias = bias.data(),
                .relu = rectified,
                .ceiling = rectified ? epilogue.activation.b : std::numeric_limits<float>::infinity(),
                .out = made,
                .columns = static_cast<std::ptrdiff_t>(out_columns_)};
    for (std::int64_t i = 0; i < band.out_rows; ++i) {
      kernels_.row(row);
      row.image += shape_.stride_rows * pitch_ * lanes;
      row.out += out_columns_ * lanes;
    }
    if (epilogue.activation.kind != Activation::Kind::none && !rectified) {
      activate(isa_, epilogue.activation, made, made, static_cast<std::size_t>(positions * lanes));
    }
    kernels_.separate(made, positions, outputs.data(), static_cast<std::ptrdiff_t>(used));
  }

  Conv2dShape shape_;
  Isa isa_;
  const DepthwiseLaneKernels& kernels_;
  std::int64_t taps_;
  std::int64_t out_rows_;
  std::int64_t out_columns_;
  std::int64_t groups_;  ///< of eight channels
  std::int64_t pitch_;   ///< of the stage, in positions
  std::int64_t band_rows_;
  std::unique_ptr<ConvAlgorithm> parts_;
  std::vector<float> weights_;         ///< group x taps x 8
  std::vector<std::int32_t> offsets_;  ///< of the taps in the stage
  std::vector<std::int32_t> places_;   ///< of the image's elements in the stage, from its first row on
};

}  // namespace

const DepthwiseLaneKernels* depthwise_lane_kernels(Isa isa) {
#if defined(EDGE_HAVE_AVX2)
  if (isa == Isa::avx2) return &depthwise_lane_kernels_avx2;
#endif
  static_cast<void>(isa);
  return nullptr;
}

bool fits_depthwise_lanes(const Conv2dShape& shape, Isa isa) {
  // Measured on Zen 4: of wider rows strips lose less, unless a stride makes them load twice for few taps.
  constexpr std::int64_t widest = 23;
  const bool fits =
      shape.groups == shape.in_channels && shape.out_channels == shape.in_channels &&
      shape.in_channels >= lanes && shape.dilation_rows == 1 && shape.dilation_columns == 1 &&
      (shape.stride_columns == 1 || shape.stride_columns == 2) && shape.padding_rows < shape.kernel_rows &&
      shape.padding_rows + shape.extra_rows < shape.kernel_rows &&
      std::min(shape.in_rows, shape.out_rows()) * std::min(shape.in_columns, shape.out_columns()) >=
          fewest_positions;
  return fits && depthwise_lane_kernels(isa) != nullptr &&
         (shape.out_columns() <= widest || (shape.stride_columns == 2 && shape.kernel_columns <= 3));
}

std::unique_ptr<ConvAlgorithm> make_depthwise_lane_convolution(const Conv2dShape& shape, const float* weights,
                                                               Isa isa) {
  return std::make_unique<DepthwiseLaneConvolution>(shape, weights, isa);
}

}  // namespace edge::kernels
