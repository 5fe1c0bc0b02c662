// Operations that move values without computing: reshape, flatten, concat, slice. Dimensions count from 0;
// negative ones from the end. Threads: see Context. Throw Error with the shapes that do not fit.
#pragma once

#include <vector>

#include "engine/autograd/variable.h"

namespace edge::autograd {

/// The same values, in the same order, under another shape; a view.
Variable reshape(const Variable& x, const Shape& shape);
/// N x ... to N x the rest.
Variable flatten(const Variable& x);
/// One behind the other along `dimension`; all other extents must agree.
Variable concat(const std::vector<Variable>& parts, int dimension);
/// Indices [first, first + count) of `dimension`.
Variable slice(const Variable& x, int dimension, std::int64_t first, std::int64_t count);

}  // namespace edge::autograd
