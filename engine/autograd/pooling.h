// Pooling with gradients, N x C x H x W, PyTorch's rules for padding and ceil mode. Threads: see Context.
// Throw Error where a window does not fit.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/layer.h"

namespace edge::autograd {

/// The gradient goes to the first pixel of a window that has its largest value.
Variable max_pool2d(const Variable& x, const MaxPool2dLayer& options);
Variable average_pool2d(const Variable& x, const AveragePool2dLayer& options);
/// Window of output row r: rows floor(r * in / out) .. ceil((r + 1) * in / out) - 1; columns alike.
Variable adaptive_average_pool2d(const Variable& x, const Extent2d& output);

}  // namespace edge::autograd
