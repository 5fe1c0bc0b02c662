// Convolution with one input channel per group (depthwise, also with several output channels per input
// channel): every output is a chain of multiply-adds over the taps, read from the padded stage. Threads over
// channels and bands (some rows of a channel). The usual sizes have kernels of their own
// (depthwise_kernels.h); anything else, and a residual, takes one row at a time. Both give the same bits.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/conv_kernels.h"
#include "kernels/conv_stage.h"
#include "kernels/rounding.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t widest_band = 1024;
constexpr std::int64_t band_positions = 4096;  // keeps the stage of a band in L1 or L2
constexpr std::int64_t part_columns = 8;       // whole vectors of run_part()'s areas
constexpr std::int64_t job_macs = 64 * 1024;   // several bands or channels per job when they are small

class DepthwiseConvolution final : public ConvAlgorithm {
 public:
  DepthwiseConvolution(const Conv2dShape& shape, const float* weights, Isa isa)
      : shape_(shape),
        isa_(isa),
        kernels_(conv_kernels(isa)),
        taps_(shape.kernel_rows * shape.kernel_columns),
        multiplier_(shape.out_channels / shape.in_channels),
        out_rows_(shape.out_rows()),
        out_columns_(shape.out_columns()),
        band_columns_(std::min(out_columns_, widest_band)),
        band_rows_(std::clamp<std::int64_t>(band_positions / band_columns_, 1, out_rows_)),
        stage_(shape, band_rows_, band_columns_, kernels_),
        variant_(find_variant()),
        weights_(weights, weights + shape.out_channels * taps_) {
    for (std::int64_t row = 0; row < shape.kernel_rows; ++row) {
      for (std::int64_t column = 0; column < shape.kernel_columns; ++column) {
        offsets_.push_back(static_cast<std::int32_t>(stage_.tap_offset(row, column)));
      }
    }
  }

  std::size_t packed_bytes() const override {
    return weights_.size() * sizeof(float) + offsets_.size() * sizeof(std::int32_t);
  }
  std::size_t workspace_floats(int threads) const override {
    return static_cast<std::size_t>(thread_floats() * threads);
  }

  ConvFusions fusions() const override {
    return {.residual = true, .residual_in_place = true, .clamp = true, .any_activation = true};
  }

  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
           ThreadPool& pool) const override {
    assert(workspace.size() >= workspace_floats(pool.threads()));
    const std::int64_t vertical = divide_up(out_rows_, band_rows_);
    const std::int64_t horizontal = divide_up(out_columns_, band_columns_);
    const std::int64_t bands = shape_.batch * shape_.in_channels * vertical * horizontal;
    const std::int64_t bands_per_job = std::clamp<std::int64_t>(
        job_macs / (band_rows_ * band_columns_ * taps_), 1, divide_up(bands, pool.threads()));
    pool.parallel_for(divide_up(bands, bands_per_job), [&](std::int64_t job, int thread) {
      float* stage = workspace.data() + thread * thread_floats();
      const std::int64_t first = job * bands_per_job;
      std::int64_t column = first % horizontal * band_columns_;
      std::int64_t row = first / horizontal % vertical * band_rows_;
      std::int64_t plane = first / horizontal / vertical;
      std::int64_t channel = plane % shape_.in_channels;
      for (std::int64_t band = first; band < std::min(bands, first + bands_per_job); ++band) {
        const Area area{row, std::min(band_rows_, out_rows_ - row), column,
                        std::min(band_columns_, out_columns_ - column)};
        run_band(in, out, epilogue, plane, channel, area, stage);
        // The next band; divisions are slow on armv7.
        column += band_columns_;
        if (column < out_columns_) continue;
        column = 0;
        row += band_rows_;
        if (row < out_rows_) continue;
        row = 0;
        ++plane;
        channel = channel + 1 < shape_.in_channels ? channel + 1 : 0;
      }
    });
  }

  bool can_run_part() const override { return true; }
  void run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue,
                bool /*max_pool*/, std::span<float> workspace, ThreadPool& pool) const override {
    std::vector<Area> bands;
    for (const Area& area : dirty.areas(part_columns)) {
      for (std::int64_t row = 0; row < area.rows; row += band_rows_) {
        for (std::int64_t column = 0; column < area.columns; column += band_columns_) {
          bands.push_back({area.first_row + row, std::min(band_rows_, area.rows - row),
                           area.first_column + column, std::min(band_columns_, area.columns - column)});
        }
      }
    }
    // A job is some bands of some channels.
    const std::int64_t planes = shape_.batch * shape_.in_channels;
    const std::int64_t positions = dirty.count();
    const std::int64_t planes_per_job = std::clamp<std::int64_t>(
        job_macs / std::max<std::int64_t>(positions * taps_, 1), 1, divide_up(planes, pool.threads()));
    pool.parallel_for(divide_up(planes, planes_per_job), [&](std::int64_t job, int thread) {
      float* stage = workspace.data() + thread * thread_floats();
      const std::int64_t end = std::min(planes, (job + 1) * planes_per_job);
      for (std::int64_t plane = job * planes_per_job; plane < end; ++plane) {
        for (const Area& band : bands) {
          run_band(in, out, epilogue, plane, plane % shape_.in_channels, band, stage);
        }
      }
    });
  }

 private:
  static bool rectified(const Epilogue& epilogue) { return rectifies(epilogue.activation); }
  static float ceiling_of(const Epilogue& epilogue) {
    return rectified(epilogue) ? epilogue.activation.b : std::numeric_limits<float>::infinity();
  }

  /// The kernel of this size, or null.
  const DepthwiseVariant* find_variant() const {
    const bool is_plain = shape_.kernel_rows == shape_.kernel_columns &&
                          shape_.stride_rows == shape_.stride_columns && shape_.dilation_rows == 1 &&
                          shape_.dilation_columns == 1 && shape_.padding_columns <= depthwise_most_padding;
    if (!is_plain || kernels_.depthwise == nullptr) return nullptr;
    for (int i = 0; i < depthwise_variant_count; ++i) {
      const DepthwiseVariant& variant = kernels_.depthwise->variants[i];
      if (variant.kernel == shape_.kernel_rows && variant.stride == shape_.stride_rows) return &variant;
    }
    return nullptr;
  }

  std::int64_t thread_floats() const {
    std::int64_t floats = stage_.channel_floats();
    if (variant_ != nullptr) floats = std::max(floats, padded(band_rows_) * padded(band_columns_));
    return divide_up(floats + depthwise_overrun, 16) * 16;
  }

  /// Input elements, padding included, that `outputs` in a row or column need (of a variant).
  std::int64_t padded(std::int64_t outputs) const {
    return (outputs - 1) * shape_.stride_rows + shape_.kernel_rows;
  }

  /// `plane` counts input planes: item x in_channels + channel.
  void run_band(const float* in, float* out, const Epilogue& epilogue, std::int64_t plane,
                std::int64_t channel, const Area& area, float* stage) const {
    const float* image = in + plane * shape_.in_rows * shape_.in_columns;
    const std::int64_t out_plane = out_rows_ * out_columns_;
    float* to = out + plane * multiplier_ * out_plane + area.first_row * out_columns_ + area.first_column;
    if (variant_ != nullptr && epilogue.residual == nullptr) {
      run_variant(image, channel * multiplier_, area, epilogue, to, stage);
    } else {
      const float* residual = epilogue.residual != nullptr ? epilogue.residual + (to - out) : nullptr;
      run_rows(image, channel * multiplier_, area, epilogue, residual, to, stage);
    }
    if (epilogue.activation.kind == Activation::Kind::none || rectified(epilogue)) return;
    if (area.columns == out_columns_ && (multiplier_ == 1 || area.rows == out_rows_)) {
      activate(isa_, epilogue.activation, to, to,
               static_cast<std::size_t>(multiplier_ * area.rows * out_columns_));
      return;
    }
    for (std::int64_t row = 0; row < multiplier_ * area.rows; ++row) {
      float* const made = to + row / area.rows * out_plane + row % area.rows * out_columns_;
      activate(isa_, epilogue.activation, made, made, static_cast<std::size_t>(area.columns));
    }
  }

  /// Of `count` input elements from `first` on: how many lie before, inside and behind the `size` that exist.
  struct Span {
    Span(std::ptrdiff_t first, std::ptrdiff_t count, std::ptrdiff_t size)
        : before(std::clamp<std::ptrdiff_t>(-first, 0, count)),
          inside(std::clamp<std::ptrdiff_t>(size - first, before, count) - before),
          behind(count - before - inside) {}
    std::ptrdiff_t before, inside, behind;
  };

  // Pointer-sized: 64-bit arithmetic is slow on armv7, and planes may be tiny.
  void run_variant(const float* image, std::int64_t channel, const Area& area, const Epilogue& epilogue,
                   float* out, float* stage) const {
    const auto stride = static_cast<std::ptrdiff_t>(variant_->stride);
    const auto in_columns = static_cast<std::ptrdiff_t>(shape_.in_columns);
    const auto out_rows = static_cast<std::ptrdiff_t>(area.rows);
    const auto out_columns = static_cast<std::ptrdiff_t>(area.columns);
    const auto first_row = static_cast<std::ptrdiff_t>(area.first_row * stride - shape_.padding_rows);
    const auto first_column =
        static_cast<std::ptrdiff_t>(area.first_column * stride - shape_.padding_columns);
    const std::ptrdiff_t pitch = (out_columns - 1) * stride + variant_->kernel;
    const Span rows(first_row, (out_rows - 1) * stride + variant_->kernel,
                    static_cast<std::ptrdiff_t>(shape_.in_rows));
    const Span columns(first_column, pitch, in_columns);
    const float* from = image;
    if (rows.inside > 0 && columns.inside > 0) {
      from += (first_row + rows.before) * in_columns + first_column + columns.before;
    }
    kernels_.depthwise->pad_rows({from, in_columns, rows.before, rows.inside, rows.behind, columns.before,
                                  columns.inside, columns.behind, stage});
    DepthwisePlane plane{stage,
                         pitch,
                         weights_.data() + channel * taps_,
                         epilogue.bias != nullptr ? epilogue.bias + channel : nullptr,
                         rectified(epilogue),
                         ceiling_of(epilogue),
                         out,
                         static_cast<std::ptrdiff_t>(out_columns_),
                         out_rows,
                         out_columns};
    for (std::int64_t m = 0; m < multiplier_; ++m) {
      variant_->run(plane);
      plane.weights += taps_;
      if (plane.bias != nullptr) ++plane.bias;
      plane.out += out_rows_ * out_columns_;
    }
  }

  void run_rows(const float* image, std::int64_t channel, const Area& area, const Epilogue& epilogue,
                const float* residual, float* out, float* stage) const {
    stage_.fill(image, area, stage);
    for (std::int64_t m = 0; m < multiplier_; ++m) {
      for (std::int64_t row = 0; row < area.rows; ++row) {
        const std::int64_t at = (m * out_rows_ + row) * out_columns_;
        kernels_.depthwise_row(stage + stage_.output_offset(row, 0), offsets_.data(),
                               weights_.data() + (channel + m) * taps_, taps_, area.columns,
                               epilogue.bias != nullptr ? epilogue.bias[channel + m] : 0.0F,
                               epilogue.bias != nullptr, residual != nullptr ? residual + at : nullptr,
                               rectified(epilogue), ceiling_of(epilogue), out + at);
      }
    }
  }

  Conv2dShape shape_;
  Isa isa_;
  const ConvKernels& kernels_;
  std::int64_t taps_;
  std::int64_t multiplier_;  ///< output channels per input channel
  std::int64_t out_rows_;    ///< kept, as computing them takes a division
  std::int64_t out_columns_;
  std::int64_t band_columns_;
  std::int64_t band_rows_;
  ConvStage stage_;
  const DepthwiseVariant* variant_;
  std::vector<float> weights_;
  std::vector<std::int32_t> offsets_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> make_depthwise_convolution(const Conv2dShape& shape, const float* weights,
                                                          Isa isa) {
  return std::make_unique<DepthwiseConvolution>(shape, weights, isa);
}

}  // namespace edge::kernels
