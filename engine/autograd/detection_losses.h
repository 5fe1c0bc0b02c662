// Losses of detectors that mark the centres of objects. Scalars to be minimised. Threads: see Context. Throw
// Error with the shapes where they do not fit.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// The focal loss with reduced penalties around centres (Zhou et al. 2019, "Objects as Points", equation 1;
/// alpha 2, beta 4), straight from logits, so that neither large nor small ones lose their gradient.
/// `heat`: 1 at the centres, falling to 0 around them, of the logits' shape; divided by the number of
/// centres, or by 1 if there is none.
Variable centre_focal_loss(const Variable& logits, const Tensor& heat);
/// sum(weights * |prediction - target|) / max(sum(weights), 1); all of one shape.
Variable weighted_l1_loss(const Variable& prediction, const Tensor& target, const Tensor& weights);

}  // namespace edge::autograd
