// Dropout (Srivastava et al. 2014) with gradients. Threads: see Context.
#pragma once

#include "engine/autograd/random.h"
#include "engine/autograd/variable.h"

namespace edge::autograd {

/// Each element becomes 0 with `probability`, else x / (1 - probability). For training only: at evaluation
/// leave it out. Throws Error unless 0 <= probability < 1.
Variable dropout(const Variable& x, double probability, Generator& generator);

}  // namespace edge::autograd
