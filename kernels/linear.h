// Fully connected layer. Memory-bound for one frame: streams the weights once, without packing or copying
// them.
#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

/// out[batch x out_features] = in[batch x in_features] * weights[out_features x in_features]^T + bias, then
/// the activation. Sixteen interleaved partial sums per dot product (element k goes to sum k mod 16),
/// reduced in one fixed tree order on every ISA, so that results do not depend on threads or (with FMA) on
/// the ISA. `bias` may be null.
void linear(Isa isa, const float* in, const float* weights, const float* bias, float* out, std::int64_t batch,
            std::int64_t in_features, std::int64_t out_features, const Activation& activation,
            ThreadPool& pool);

}  // namespace edge::kernels
