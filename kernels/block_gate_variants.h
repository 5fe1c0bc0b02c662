// The registered variants of the block gate (kernels/block_gate.h), for tests and benchmarks.
#pragma once

#include "kernels/block_gate_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<BlockGateKernels> block_gate_variants();

}  // namespace edge::kernels
