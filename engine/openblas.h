// OpenBLAS behind the gemm interface of the kernels.
#pragma once

#include "kernels/gemm.h"

namespace edge {

/// Loads the library. Throws Error: it is not there. openblas_sgemm() does so itself, but then the Error
/// comes out there.
void load_openblas();

/// A kernels::SgemmFunction that calls OpenBLAS on the calling thread only; `pool` is not used. Thread-safe:
/// pool threads may call it at the same time.
void openblas_sgemm(kernels::Transpose transpose_a, kernels::Transpose transpose_b, std::int64_t m,
                    std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda,
                    const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc,
                    kernels::ThreadPool& pool);

}  // namespace edge
