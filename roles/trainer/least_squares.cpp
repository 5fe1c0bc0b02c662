#include "roles/trainer/least_squares.h"

#include <cblas.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <mutex>

// LAPACK, as OpenBLAS has it: the last argument is the length of the first.
extern "C" void dposv_(const char* triangle, const blasint* n, const blasint* right_sides, double* a,
                       const blasint* lda, double* b, const blasint* ldb, blasint* info, std::size_t);

namespace edge::trainer {
namespace {

void use_one_thread() {
  static std::once_flag done;
  std::call_once(done, [] { openblas_set_num_threads(1); });
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
  use_one_thread();
  const auto n = static_cast<blasint>(unknowns);
  const blasint one = 1;
  blasint info = 0;
  dposv_("U", &n, &one, matrix.data(), &n, x.data(), &n, &info, 1);
  const bool solved = info == 0 && std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
  for (std::size_t i = 0; i < unknowns && !solved; ++i) x[i] = priors[i].value;
  return x;
}

}  // namespace edge::trainer
