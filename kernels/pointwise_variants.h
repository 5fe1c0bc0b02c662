// The registered variants of the elementwise kernels (kernels/pointwise.h), for tests and benchmarks.
#pragma once

#include "kernels/pointwise_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<PointwiseKernels> pointwise_variants();

}  // namespace edge::kernels
