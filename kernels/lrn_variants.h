// The registered variants of local response normalisation (kernels/lrn.h), for tests and benchmarks.
#pragma once

#include "kernels/lrn_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<LrnKernels> lrn_variants();

}  // namespace edge::kernels
