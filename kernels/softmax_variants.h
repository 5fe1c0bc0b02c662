// The registered variants of the softmax kernels (kernels/softmax.h), for tests and benchmarks.
#pragma once

#include "kernels/softmax_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<SoftmaxKernels> softmax_variants();

}  // namespace edge::kernels
