// Sums and means with gradients. Dimensions count from 0; negative ones from the end. Sums are added up in
// double precision, in one order. Threads: see Context. Throws Error for dimensions that are not there.
#pragma once

#include <vector>

#include "engine/autograd/variable.h"

namespace edge::autograd {

Variable sum(const Variable& x);  ///< of all elements: a scalar
/// Over `dimensions`, which disappear, or with `keep` stay with extent 1.
Variable sum(const Variable& x, const std::vector<int>& dimensions, bool keep = false);
Variable mean(const Variable& x);
Variable mean(const Variable& x, const std::vector<int>& dimensions, bool keep = false);

}  // namespace edge::autograd
