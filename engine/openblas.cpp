#include "engine/openblas.h"

#include <cblas.h>

#ifndef EDGE_OPENBLAS_LINKED
#include <dlfcn.h>
#endif

#include <cassert>
#include <cstdlib>
#include <limits>

#include "engine/error.h"

namespace edge {
namespace {

#ifdef EDGE_OPENBLAS_LINKED

// OpenBLAS starts a thread per core before main(), and where memory is limited (ulimit -v) they search for
// their buffers for ever. Its own setting for one thread must be there before that: the first of all
// initialisers.
void ask_for_one_thread() {
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
}
__attribute__((section(".init_array.00000"), used)) void (*const first_initialiser)() = ask_for_one_thread;

#endif

struct Library {
  decltype(&::cblas_sgemm) sgemm;
  decltype(&::openblas_set_num_threads) set_num_threads;
};

// Loaded only if somebody wants it: it starts a thread per core as soon as it is there.
Library load() {
#ifdef EDGE_OPENBLAS_LINKED
  return {.sgemm = ::cblas_sgemm, .set_num_threads = ::openblas_set_num_threads};
#else
  void* handle = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw Error("EDGE_GEMM=openblas: cannot load libopenblas.so.0; install the package libopenblas0");
  }
  const Library library = {
      .sgemm = reinterpret_cast<decltype(&::cblas_sgemm)>(::dlsym(handle, "cblas_sgemm")),
      .set_num_threads = reinterpret_cast<decltype(&::openblas_set_num_threads)>(
          ::dlsym(handle, "openblas_set_num_threads"))};
  if (library.sgemm == nullptr || library.set_num_threads == nullptr) {
    throw Error("EDGE_GEMM=openblas: libopenblas.so.0 has no cblas_sgemm; install the package libopenblas0");
  }
  return library;
#endif
}

// Our own pool divides the work; OpenBLAS' threads would only compete with it.
const Library& single_threaded_library() {
  static const Library library = [] {
    const Library loaded = load();
    loaded.set_num_threads(1);
    return loaded;
  }();
  return library;
}

blasint narrow(std::int64_t value) {
  assert(value >= 0 && value <= std::numeric_limits<blasint>::max());
  return static_cast<blasint>(value);
}

CBLAS_TRANSPOSE translate(kernels::Transpose transpose) {
  return transpose == kernels::Transpose::yes ? CblasTrans : CblasNoTrans;
}

}  // namespace

void load_openblas() {
  single_threaded_library();
}

void openblas_sgemm(kernels::Transpose transpose_a, kernels::Transpose transpose_b, std::int64_t m,
                    std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda,
                    const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc,
                    kernels::ThreadPool& /*pool*/) {
  single_threaded_library().sgemm(CblasRowMajor, translate(transpose_a), translate(transpose_b), narrow(m),
                                  narrow(n), narrow(k), alpha, a, narrow(lda), b, narrow(ldb), beta, c,
                                  narrow(ldc));
}

}  // namespace edge
