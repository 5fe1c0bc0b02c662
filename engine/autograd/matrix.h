// Matrix products with gradients, by kernels::sgemm. Threads: see Context. Throw Error with both shapes where
// they do not fit.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// [... x m x k] * [... x k x n] = [... x m x n]; the leading extents must agree, they are not broadcast.
Variable matmul(const Variable& a, const Variable& b);
/// x[N x in] * weight[out x in]^T + bias[out] (may be undefined).
Variable linear(const Variable& x, const Variable& weight, const Variable& bias = {});

}  // namespace edge::autograd
