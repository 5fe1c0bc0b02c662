// Fully connected layer: threads over rows of the weights; all items of the batch meet a few rows while these
// are in cache, so that the weights stream from memory once.
#include "kernels/linear.h"

#include <algorithm>
#include <cassert>

#include "kernels/linear_kernels.h"

namespace edge::kernels {

const LinearKernels& linear_kernels(Isa isa) {
  switch (isa) {
#if defined(EDGE_HAVE_AVX2)
    case Isa::avx2:
      return linear_kernels_avx2;
#endif
#if defined(EDGE_HAVE_NEON)
    case Isa::neon:
      return linear_kernels_neon;
#endif
    default:
      assert(isa == Isa::scalar && "this build has no kernels for that ISA");
      return linear_kernels_scalar;
  }
}

void linear(Isa isa, const float* in, const float* weights, const float* bias, float* out, std::int64_t batch,
            std::int64_t in_features, std::int64_t out_features, const Activation& activation,
            ThreadPool& pool) {
  constexpr std::int64_t job_floats = 64 * 1024;
  constexpr std::int64_t least_job_floats = 16 * 1024;  // worth waking a thread for
  const LinearKernels& kernels = linear_kernels(isa);
  const bool relu = activation == Activation::relu();
  const std::int64_t group = kernels.most_rows;  // rows at a time
  const std::int64_t groups = (out_features + group - 1) / group;
  const std::int64_t group_floats = group * in_features * batch + 1;
  const std::int64_t fair = std::max(groups / pool.threads() + 1, least_job_floats / group_floats);
  const std::int64_t groups_per_job =
      std::clamp<std::int64_t>(job_floats / (group * in_features + 1), 1, fair);
  const std::int64_t rows_per_job = groups_per_job * group;
  pool.parallel_for((out_features + rows_per_job - 1) / rows_per_job, [&](std::int64_t job, int) {
    const std::int64_t end = std::min(out_features, (job + 1) * rows_per_job);
    for (std::int64_t row = job * rows_per_job; row < end; row += group) {
      const auto rows = static_cast<int>(std::min(group, end - row));
      for (std::int64_t item = 0; item < batch; ++item) {
        float dots[linear_most_rows];
        kernels.dot_rows(in + item * in_features, weights + row * in_features, in_features, rows, dots);
        for (int r = 0; r < rows; ++r) {
          const float value = bias != nullptr ? dots[r] + bias[row + r] : dots[r];
          out[item * out_features + row + r] = relu && value <= 0.0F ? 0.0F : value;
        }
      }
    }
    if (relu || activation.kind == Activation::Kind::none) return;
    const std::int64_t first = job * rows_per_job;
    for (std::int64_t item = 0; item < batch; ++item) {
      float* const made = out + item * out_features + first;
      activate(isa, activation, made, made, static_cast<std::size_t>(end - first));
    }
  });
}

}  // namespace edge::kernels
