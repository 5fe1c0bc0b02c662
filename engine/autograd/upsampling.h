// Enlarging feature maps with gradients. Threads: see Context.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// x[N x C x H x W] to N x C x factor H x factor W: each pixel `factor` x `factor` times (nearest neighbour).
/// Throws Error for another rank, or a factor below 1.
Variable upsample2d(const Variable& x, std::int64_t factor);

}  // namespace edge::autograd
