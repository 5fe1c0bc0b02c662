// The registered variants of the two-operand kernels (kernels/binary.h), for tests and benchmarks.
#pragma once

#include "kernels/binary_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<BinaryKernels> binary_variants();

}  // namespace edge::kernels
