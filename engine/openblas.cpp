#include "engine/openblas.h"

#include <cblas.h>

#include <cassert>
#include <limits>
#include <mutex>

namespace edge {
namespace {

// Our own pool divides the work; OpenBLAS' threads would only compete with it.
void use_one_thread() {
  static std::once_flag done;
  std::call_once(done, [] { openblas_set_num_threads(1); });
}

blasint narrow(std::int64_t value) {
  assert(value >= 0 && value <= std::numeric_limits<blasint>::max());
  return static_cast<blasint>(value);
}

CBLAS_TRANSPOSE translate(kernels::Transpose transpose) {
  return transpose == kernels::Transpose::yes ? CblasTrans : CblasNoTrans;
}

}  // namespace

void openblas_sgemm(kernels::Transpose transpose_a, kernels::Transpose transpose_b, std::int64_t m,
                    std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda,
                    const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc,
                    kernels::ThreadPool& /*pool*/) {
  use_one_thread();
  cblas_sgemm(CblasRowMajor, translate(transpose_a), translate(transpose_b), narrow(m), narrow(n), narrow(k),
              alpha, a, narrow(lda), b, narrow(ldb), beta, c, narrow(ldc));
}

}  // namespace edge
