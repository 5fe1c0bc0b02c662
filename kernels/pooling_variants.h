// The registered variants of the pooling kernels (kernels/pooling.h), for tests and benchmarks.
#pragma once

#include "kernels/pooling_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<PoolingKernels> pooling_variants();

}  // namespace edge::kernels
