// Losses: scalars to be minimised. Threads: see Context. Throw Error with both shapes where they do not fit.
#pragma once

#include <cstdint>
#include <span>

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// Mean squared error. No broadcasting: it would hide mistakes.
Variable mse_loss(const Variable& prediction, const Variable& target);
/// Mean over the rows of `logits`[N x classes] of -log(softmax(row)[class of the row]). Throws Error for a
/// class that does not exist.
Variable cross_entropy(const Variable& logits, std::span<const std::int64_t> classes);

}  // namespace edge::autograd
