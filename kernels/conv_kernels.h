// What each instruction set contributes to convolutions apart from gemm microkernels: moving data, and the
// depthwise inner loop. Used inside kernels/ only. Immutable tables, any thread, no errors.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/depthwise_kernels.h"

namespace edge::kernels {

/// Part of a panel's columns whose image elements lie side by side: lanes from `lane` on are read from `from`
/// on.
struct PanelPiece {
  std::int64_t from;
  int lane;
};

struct ConvKernels {
  /// For i < count and each piece in turn: panel[i * nr + lane ...] = stage[offsets[i] + from ...], nr
  /// floats, where nr is that of the ISA's gemm kernels. A piece runs over the lanes behind it, which the
  /// next piece or the next row overwrites: `panel` needs nr floats more than count * nr, `stage` nr more
  /// than the last element.
  void (*pack_panel)(const float* stage, const std::int32_t* offsets, std::int64_t count,
                     const PanelPiece* pieces, int piece_count, float* panel);
  /// panel[i * nr ...] = image[i * image_stride ...] for i < count; exactly nr floats per row are read.
  void (*pack_rows)(const float* image, std::int64_t image_stride, std::int64_t count, float* panel);
  /// phases[p * phase_stride + i] = from[i * stride + p] for i < count, p < stride; stride is 2 or 4.
  void (*split_phases)(const float* from, std::int64_t count, int stride, std::int64_t phase_stride,
                       float* phases);
  /// out[i] = chain over taps t of weights[t] * stage[offsets[t] + i], then + bias, + residual (unless null),
  /// ReLU, min(x, ceiling), which may be infinite. May read up to `depthwise_overrun` floats behind the last
  /// element of `stage`; writes exactly count floats.
  void (*depthwise_row)(const float* stage, const std::int32_t* offsets, const float* weights,
                        std::int64_t taps, std::int64_t count, float bias, bool add_bias,
                        const float* residual, bool relu, float ceiling, float* out);
  const DepthwiseKernels* depthwise = nullptr;  ///< or null; faster than depthwise_row()
};

const ConvKernels& conv_kernels(Isa isa);

extern const ConvKernels conv_kernels_scalar;
extern const ConvKernels conv_kernels_avx2;
extern const ConvKernels conv_kernels_neon;

}  // namespace edge::kernels
