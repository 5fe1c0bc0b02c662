#include "kernels/winograd_weights.h"

#include <algorithm>

#include "kernels/winograd_layout.h"

namespace edge::kernels::winograd {

namespace {

constexpr std::int64_t channel_step = 8;
constexpr std::int64_t most_kept_floats = 1280 * 1024;

/// Made points that stay in the L2 cache: as much as gemm keeps of A there.
std::int64_t made_floats(const GemmBlocking& blocking) {
  return std::max<std::int64_t>(blocking.mc * blocking.kc, 32 * 1024);
}

}  // namespace

bool Weights::few_enough_to_keep(const Conv2dShape& shape, const WinogradVariant& variant) {
  return variant.points() * round_up(shape.in_channels, channel_step) * shape.out_channels <=
         most_kept_floats;
}

Weights::Weights(const Conv2dShape& shape, const float* weights, const WeightPanels& panels,
                 const GemmBlocking& blocking, const WinogradKernels& kernels, const WinogradVariant& variant)
    : variant_(&variant),
      panel_rows_(panels.rows),
      made_floats_(made_floats(blocking)),
      lanes_(kernels.lanes),
      taps_(std::int64_t{variant.taps} * variant.taps),
      in_channels_(round_up(shape.in_channels, channel_step)),
      out_channels_(panels.whole ? round_up(shape.out_channels, panels.rows) : shape.out_channels),
      // Long enough that little time goes into loading and storing the sums, short enough for 32 rows.
      k_block_(round_up(
          balanced_block(in_channels_, std::clamp<std::int64_t>(made_floats_ / (2 * variant.alpha() * 32), 64,
                                                                panels.longest_k)),
          channel_step)),
      keeps_points_(few_enough_to_keep(shape, variant)),
      kept_stride_(odd_lines(in_channels_ * out_channels_)),
      packed_(taps_ * in_channels_ * out_channels_, true),
      kept_(keeps_points_ ? variant.points() * kept_stride_ : 0, true) {
  pack(shape, weights);
  if (!keeps_points_) return;
  for (int pair = 0; pair < variant.alpha() / 2; ++pair) {
    variant.transform_weights(packed_.data(), static_cast<std::ptrdiff_t>(in_channels_ * out_channels_), pair,
                              kept_.data() + 2 * pair * variant.alpha() * kept_stride_,
                              static_cast<std::ptrdiff_t>(kept_stride_));
  }
  packed_ = AlignedBuffer(0);
}

/// In the order of the points: per K block, per panel, per input channel; `lanes_` pairs of
/// channels at a time, tap by tap.
void Weights::pack(const Conv2dShape& shape, const float* weights) {
  std::int64_t pair = 0;
  for (std::int64_t first = 0; first < in_channels_; first += k_block_) {
    const std::int64_t end = std::min(in_channels_, first + k_block_);
    for (std::int64_t row = 0; row < out_channels_; row += panel_rows_) {
      const std::int64_t row_end = std::min(out_channels_, row + panel_rows_);
      for (std::int64_t channel = first; channel < end; ++channel) {
        for (std::int64_t r = row; r < row_end; ++r, ++pair) {
          float* to = packed_.data() + pair / lanes_ * lanes_ * taps_ + pair % lanes_;
          const float* from = weights + (r * shape.in_channels + channel) * taps_;
          const bool exists = channel < shape.in_channels && r < shape.out_channels;
          for (std::int64_t tap = 0; tap < taps_; ++tap) {
            to[tap * lanes_] = exists ? from[tap] : 0.0F;
          }
        }
      }
    }
  }
}

std::size_t Weights::bytes() const {
  return static_cast<std::size_t>(keeps_points_ ? variant_->points() * kept_stride_
                                                : taps_ * in_channels_ * out_channels_) *
         sizeof(float);
}

std::int64_t Weights::rows_in_cache() const {
  return made_floats_ / (2 * variant_->alpha() * k_block_);
}

std::int64_t Weights::scratch_floats(std::int64_t rows) const {
  return keeps_points_ ? 0 : 2 * variant_->alpha() * odd_lines(rows * k_block_);
}

Weights::Points Weights::points(int pair, std::int64_t first_row, std::int64_t rows,
                                std::int64_t first_channel, std::int64_t channels, float* scratch) const {
  const std::int64_t pairs_before = out_channels_ * first_channel + first_row * channels;
  if (keeps_points_) {
    return {kept_.data() + 2 * pair * variant_->alpha() * kept_stride_ + pairs_before, kept_stride_};
  }
  const std::int64_t stride = odd_lines(rows * channels);
  variant_->transform_weights(packed_.data() + pairs_before * taps_,
                              static_cast<std::ptrdiff_t>(rows * channels), pair, scratch,
                              static_cast<std::ptrdiff_t>(stride));
  return {scratch, stride};
}

}  // namespace edge::kernels::winograd
