// Convolution with one input channel per group (depthwise, also with several output channels per input
// channel): every output row is a chain of multiply-adds over the taps, read from the padded stage. Threads
// over channels and bands.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/conv_kernels.h"
#include "kernels/conv_stage.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t widest_band = 1024;
constexpr std::int64_t band_positions = 4096;  // keeps the stage of a band in L1 or L2
constexpr std::int64_t job_macs = 64 * 1024;   // several bands or channels per job when they are small

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

class DepthwiseConvolution final : public ConvAlgorithm {
 public:
  DepthwiseConvolution(const Conv2dShape& shape, const float* weights, Isa isa)
      : shape_(shape),
        kernels_(conv_kernels(isa)),
        taps_(shape.kernel_rows * shape.kernel_columns),
        out_rows_(shape.out_rows()),
        out_columns_(shape.out_columns()),
        band_columns_(std::min(out_columns_, widest_band)),
        band_rows_(std::clamp<std::int64_t>(band_positions / band_columns_, 1, out_rows_)),
        stage_(shape, band_rows_, band_columns_, kernels_),
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
      for (std::int64_t band = job * bands_per_job; band < std::min(bands, (job + 1) * bands_per_job);
           ++band) {
        const std::int64_t column = band % horizontal * band_columns_;
        const std::int64_t row = band / horizontal % vertical * band_rows_;
        const OutputArea area{row, std::min(band_rows_, out_rows_ - row), column,
                              std::min(band_columns_, out_columns_ - column)};
        run_band(in, out, epilogue, band / horizontal / vertical, area, stage);
      }
    });
  }

 private:
  std::int64_t thread_floats() const {
    return divide_up(stage_.channel_floats() + depthwise_overrun, 16) * 16;
  }

  /// `plane` counts input planes: item x in_channels + channel.
  void run_band(const float* in, float* out, const Epilogue& epilogue, std::int64_t plane,
                const OutputArea& area, float* stage) const {
    const std::int64_t multiplier = shape_.out_channels / shape_.in_channels;
    const std::int64_t channel = plane % shape_.in_channels;
    stage_.fill(in + plane * shape_.in_rows * shape_.in_columns, area, stage);
    for (std::int64_t m = 0; m < multiplier; ++m) {
      const std::int64_t out_channel = channel * multiplier + m;
      for (std::int64_t row = 0; row < area.rows; ++row) {
        const std::int64_t at =
            ((plane * multiplier + m) * out_rows_ + area.first_row + row) * out_columns_ + area.first_column;
        kernels_.depthwise_row(
            stage + stage_.output_offset(row, 0), offsets_.data(), weights_.data() + out_channel * taps_,
            taps_, area.columns, epilogue.bias != nullptr ? epilogue.bias[out_channel] : 0.0F,
            epilogue.bias != nullptr, epilogue.residual != nullptr ? epilogue.residual + at : nullptr,
            epilogue.relu, out + at);
      }
    }
  }

  Conv2dShape shape_;
  const ConvKernels& kernels_;
  std::int64_t taps_;
  std::int64_t out_rows_;  ///< kept, as computing them takes a division
  std::int64_t out_columns_;
  std::int64_t band_columns_;
  std::int64_t band_rows_;
  ConvStage stage_;
  std::vector<float> weights_;
  std::vector<std::int32_t> offsets_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> make_depthwise_convolution(const Conv2dShape& shape, const float* weights,
                                                          Isa isa) {
  return std::make_unique<DepthwiseConvolution>(shape, weights, isa);
}

}  // namespace edge::kernels
