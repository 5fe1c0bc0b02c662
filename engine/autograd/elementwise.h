// Elementwise operations with gradients. Binary ones broadcast as NumPy does and throw Error with both shapes
// where that does not work. Threads: see Context.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

Variable operator+(const Variable& a, const Variable& b);
Variable operator-(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, const Variable& b);
Variable operator/(const Variable& a, const Variable& b);
Variable operator+(const Variable& a, float b);
Variable operator*(const Variable& a, float b);
Variable operator-(const Variable& a);

Variable relu(const Variable& x);  ///< the gradient at 0 is 0
Variable sigmoid(const Variable& x);
Variable tanh(const Variable& x);
Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable square(const Variable& x);

}  // namespace edge::autograd
