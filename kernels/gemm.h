// Single-precision matrix multiplication with packed operands. Every element of C is one chain of fused
// multiply-adds over k = 0, 1, 2 ... in that order, so the result depends neither on block sizes, tiles or
// threads, nor (between FMA-capable ISAs) on the ISA; `scalar` rounds product and sum separately.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/activation.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::kernels {

enum class Transpose : std::uint8_t { no, yes };

/// C[m x n] = alpha * op(A)[m x k] * op(B)[k x n] + beta * C, row-major; lda, ldb, ldc are the row strides in
/// elements of the matrices as stored. beta = 0 overwrites C (NaN in C does not spread). m, n, k >= 0. As in
/// BLAS, alpha = 0 does not look at A and B.
using SgemmFunction = void (*)(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                               std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                               std::int64_t ldb, float beta, float* c, std::int64_t ldc, ThreadPool& pool);

/// Ours. The chain of an element of C starts with beta * C; alpha is multiplied into A's elements beforehand.
void sgemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
           float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
           float* c, std::int64_t ldc, ThreadPool& pool);

/// What is done to an element of C after its last multiply-add.
struct Epilogue {
  const float* bias = nullptr;      ///< per row of C (output channel), or null
  const float* residual = nullptr;  ///< same layout as C, added before the activation, or null
  Activation activation = {};       ///< of matrix products: none, or one that rectifies()
};

/// A microkernel is registered by a name that is its contract: "f32-gemm MRxNR isa".
/// c[mr x nr] (row stride ldc) = (accumulate ? c : 0) + a_panel * b_panel over k steps; a_panel holds k
/// columns of mr floats, b_panel k rows of nr floats, both contiguous. Then the epilogue, unless null, on the
/// values in registers; its pointers belong to c[0][0], and a residual has row stride ldc.
struct GemmMicrokernel {
  const char* name;
  Isa isa;
  int mr;
  int nr;
  void (*run)(std::int64_t k, const float* a_panel, const float* b_panel, float* c, std::int64_t ldc,
              bool accumulate, const Epilogue* epilogue);
};

/// Every microkernel that this build contains, for tests and benchmarks.
const std::vector<GemmMicrokernel>& gemm_microkernels();

}  // namespace edge::kernels
