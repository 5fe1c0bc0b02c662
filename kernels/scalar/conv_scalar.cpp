// Scalar moving of data for convolutions and the scalar depthwise row. Any thread, no errors.
#include "kernels/conv_kernels.h"

namespace edge::kernels {

namespace {

constexpr int nr = 4;  // as "f32-gemm 4x4 scalar"

void pack_panel(const float* stage, const std::int32_t* offsets, std::int64_t count, const PanelPiece* pieces,
                int piece_count, float* panel) {
  for (std::int64_t i = 0; i < count; ++i) {
    for (int piece = 0; piece < piece_count; ++piece) {
      const float* from = stage + offsets[i] + pieces[piece].from;
      float* to = panel + i * nr + pieces[piece].lane;
      for (int lane = 0; lane < nr; ++lane) to[lane] = from[lane];
    }
  }
}

void pack_rows(const float* image, std::int64_t image_stride, std::int64_t count, float* panel) {
  for (std::int64_t i = 0; i < count; ++i) {
    for (int lane = 0; lane < nr; ++lane) panel[i * nr + lane] = image[i * image_stride + lane];
  }
}

void split_phases(const float* from, std::int64_t count, int stride, std::int64_t phase_stride,
                  float* phases) {
  for (std::int64_t i = 0; i < count; ++i) {
    for (int phase = 0; phase < stride; ++phase) phases[phase * phase_stride + i] = from[i * stride + phase];
  }
}

void depthwise_row(const float* stage, const std::int32_t* offsets, const float* weights, std::int64_t taps,
                   std::int64_t count, float bias, bool add_bias, const float* residual, bool relu,
                   float ceiling, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    float sum = 0.0F;
    for (std::int64_t tap = 0; tap < taps; ++tap) sum += weights[tap] * stage[offsets[tap] + i];
    if (add_bias) sum += bias;
    if (residual != nullptr) sum += residual[i];
    if (relu && sum <= 0.0F) sum = 0.0F;
    out[i] = sum > ceiling ? ceiling : sum;
  }
}

}  // namespace

const ConvKernels conv_kernels_scalar = {pack_panel, pack_rows, split_phases, depthwise_row};

}  // namespace edge::kernels
