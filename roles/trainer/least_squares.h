// Linear least squares with a pull towards what is known beforehand, by OpenBLAS' LAPACK. Thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace edge::trainer {

/// What an unknown is worth without data, and how strongly it is held there (> 0, in squares of what
/// multiplies it).
struct Prior {
  double value = 0;
  double weight = 1e-9;
};

/// The x that minimises |a x - y|^2 + sum of weight_j (x_j - value_j)^2, by Cholesky's factors of the normal
/// equations. a is [y.size() x priors.size()], row by row. Returns the priors' values where numbers are not
/// finite.
std::vector<double> least_squares(std::span<const double> a, std::span<const double> y,
                                  std::span<const Prior> priors);

}  // namespace edge::trainer
