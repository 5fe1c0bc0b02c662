// 2-D convolution with gradients, NCHW, as PyTorch's conv2d. Threads: see Context.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/layer.h"

namespace edge::autograd {

struct Conv2dOptions {
  Extent2d stride{1, 1};
  Extent2d padding{0, 0};
  Extent2d dilation{1, 1};
  std::int64_t groups = 1;
};

/// x[N x C x H x W], weight[out x C/groups x rows x columns], bias[out] (may be undefined). Throws Error with
/// both shapes where they do not fit.
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias = {},
                const Conv2dOptions& options = {});

}  // namespace edge::autograd
