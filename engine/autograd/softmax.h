// Softmax and its logarithm with gradients, along any dimension. Threads: see Context.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// exp(x) / sum(exp(x)) along `dimension` (negative: from the end).
Variable softmax(const Variable& x, int dimension = -1);
/// log(softmax(x)), also where softmax(x) would be too small for a float.
Variable log_softmax(const Variable& x, int dimension = -1);

}  // namespace edge::autograd
