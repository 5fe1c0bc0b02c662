// Elementwise kernels. `in` and `out` may be the same buffer, unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"
#include "kernels/cpu.h"

namespace edge::kernels {

/// max(x, 0); NaN stays NaN, -0 becomes +0.
void relu(Isa isa, const float* in, float* out, std::size_t count);
/// out = activation(a + b)
void add(Isa isa, const float* a, const float* b, float* out, std::size_t count,
         const Activation& activation = {});
/// One plane of batch norm at inference: out = activation(fma(in, scale, shift))
void scale_shift(Isa isa, const float* in, float* out, std::size_t count, float scale, float shift,
                 const Activation& activation = {});
/// min(max(x, 0), ceiling), `ceiling` > 0 (ReLU6: 6); NaN stays NaN, -0 becomes +0.
void clipped_relu(Isa isa, const float* in, float* out, std::size_t count, float ceiling);

/// Interleaved 8-bit RGB (pixels x 3) to three 8-bit planes. Buffers must not overlap.
void rgb_to_planar(Isa isa, const std::uint8_t* rgb, std::uint8_t* planes, std::size_t pixels);
/// 8-bit to float in [0, 1]: float(x) / 255, correctly rounded, hence identical everywhere. No overlap.
void u8_to_unit_float(Isa isa, const std::uint8_t* in, float* out, std::size_t count);

}  // namespace edge::kernels
