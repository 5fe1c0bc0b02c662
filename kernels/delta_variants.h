// The registered variants of the delta kernels (kernels/delta.h), for tests and benchmarks.
#pragma once

#include "kernels/delta_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<DeltaKernels> delta_variants();

}  // namespace edge::kernels
