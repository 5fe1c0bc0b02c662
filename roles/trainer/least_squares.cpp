#include "roles/trainer/least_squares.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace edge::trainer {
namespace {

/// Solves `matrix` x = `x` in place by Cholesky's factors; the lower triangle of `matrix` (n x n, symmetric)
/// becomes the factor. False if it is not positive definite.
bool solve(std::vector<double>& matrix, std::vector<double>& x) {
  const std::size_t n = x.size();
  const auto at = [&](std::size_t row, std::size_t column) -> double& { return matrix[row * n + column]; };
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column <= row; ++column) {
      double rest = at(row, column);
      for (std::size_t k = 0; k < column; ++k) rest -= at(row, k) * at(column, k);
      if (column < row) {
        at(row, column) = rest / at(column, column);
      } else if (rest > 0) {
        at(row, row) = std::sqrt(rest);
      } else {
        return false;  // also for NaN
      }
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t k = 0; k < row; ++k) x[row] -= at(row, k) * x[k];
    x[row] /= at(row, row);
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t k = row + 1; k < n; ++k) x[row] -= at(k, row) * x[k];
    x[row] /= at(row, row);
  }
  return true;
}

}  // namespace

std::vector<double> least_squares(std::span<const double> a, std::span<const double> y,
                                  std::span<const Prior> priors) {
  const std::size_t unknowns = priors.size();
  assert(a.size() == y.size() * unknowns);
  std::vector<double> matrix(unknowns * unknowns);
  std::vector<double> x(unknowns);
  for (std::size_t row = 0; row < y.size(); ++row) {
    const double* values = a.data() + row * unknowns;
    for (std::size_t i = 0; i < unknowns; ++i) {
      x[i] += values[i] * y[row];
      for (std::size_t j = 0; j < unknowns; ++j) matrix[i * unknowns + j] += values[i] * values[j];
    }
  }
  for (std::size_t i = 0; i < unknowns; ++i) {
    assert(priors[i].weight > 0);
    matrix[i * unknowns + i] += priors[i].weight;
    x[i] += priors[i].weight * priors[i].value;
  }
  const bool solved =
      solve(matrix, x) && std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
  for (std::size_t i = 0; i < unknowns && !solved; ++i) x[i] = priors[i].value;
  return x;
}

}  // namespace edge::trainer
