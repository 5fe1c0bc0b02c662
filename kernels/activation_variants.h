// The registered variants of the activation kernels (kernels/activation.h), for tests and benchmarks.
#pragma once

#include "kernels/activation_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<ActivationKernels> activation_variants();

}  // namespace edge::kernels
