#include "engine/openblas.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/support.h"

namespace edge {
namespace {

using kernels::Transpose;

TEST(Openblas, agrees_with_our_gemm) {
  kernels::ThreadPool pool(1);
  const std::int64_t m = 5;
  const std::int64_t n = 7;
  const std::int64_t k = 11;
  for (const Transpose transpose_a : {Transpose::no, Transpose::yes}) {
    for (const Transpose transpose_b : {Transpose::no, Transpose::yes}) {
      for (const float beta : {0.0F, 0.5F}) {
        const std::int64_t lda = (transpose_a == Transpose::yes ? m : k) + 2;
        const std::int64_t ldb = (transpose_b == Transpose::yes ? k : n) + 1;
        const std::int64_t ldc = n + 3;
        const Tensor a = test::random_tensor({13, lda}, 1);
        const Tensor b = test::random_tensor({13, ldb}, 2);
        Tensor ours = test::random_tensor({m, ldc}, 3);
        Tensor theirs = ours.clone();
        kernels::sgemm(transpose_a, transpose_b, m, n, k, 1.5F, a.data(), lda, b.data(), ldb, beta,
                       ours.data(), ldc, pool);
        openblas_sgemm(transpose_a, transpose_b, m, n, k, 1.5F, a.data(), lda, b.data(), ldb, beta,
                       theirs.data(), ldc, pool);
        EXPECT_LT(max_relative_error(theirs, ours), 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace edge
