// Two-operand functions: the broadcasting, over the ISA's kernels.
#include "kernels/binary.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "kernels/binary_variants.h"

namespace edge::kernels {
namespace {

/// Elements that are worth waking a thread for.
constexpr std::int64_t grain = 8 * 1024;

}  // namespace

Variants<BinaryKernels> binary_variants() {
  static constexpr const BinaryKernels* variants[] = {
    &binary_scalar,
#if defined(EDGE_HAVE_NEON)
    &binary_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &binary_avx2,
#endif
  };
  return variants;
}

const char* function_name(BinaryFunction function) {
  static constexpr const char* names[] = {
      "add",   "subtract",      "multiply",    "divide",     "minimum",    "maximum",
      "power", "modulo",        "leaky",       "equal",      "greater",    "greater_or_equal",
      "less",  "less_or_equal", "logical_and", "logical_or", "logical_xor"};
  return names[static_cast<std::size_t>(function)];
}

BinaryShape BinaryShape::collapsed() const {
  BinaryShape result;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!result.sizes.empty() && result.a_strides.back() == sizes[i] * a_strides[i] &&
        result.b_strides.back() == sizes[i] * b_strides[i]) {
      result.sizes.back() *= sizes[i];
      result.a_strides.back() = a_strides[i];
      result.b_strides.back() = b_strides[i];
    } else {
      result.sizes.push_back(sizes[i]);
      result.a_strides.push_back(a_strides[i]);
      result.b_strides.push_back(b_strides[i]);
    }
  }
  if (result.sizes.empty()) return {{1}, {0}, {0}};
  return result;
}

void binary(Isa isa, BinaryFunction function, const BinaryShape& shape, const float* a, const float* b,
            float* out, ThreadPool& pool) {
  const BinaryKernels& variant = variant_for(isa, binary_variants());
  const BinaryKernels& kernels = function <= variant.last ? variant : binary_scalar;
  const std::size_t last = shape.sizes.size() - 1;
  const std::int64_t run = shape.sizes[last];
  assert((shape.a_strides[last] | shape.b_strides[last] | 1) == 1 && "the innermost strides are 0 or 1");
  std::int64_t rows = 1;
  for (std::size_t i = 0; i < last; ++i) rows *= shape.sizes[i];
  // Long runs are cut so that there is work for all threads.
  const std::int64_t cuts = std::max<std::int64_t>(1, run / grain);
  const std::int64_t rows_per_piece = std::max<std::int64_t>(1, grain / std::max<std::int64_t>(run, 1));
  const std::int64_t pieces = (rows + rows_per_piece - 1) / rows_per_piece * cuts;
  const auto one_piece = [&](std::int64_t piece, int /*thread*/) {
    const std::int64_t cut = piece % cuts;
    const std::int64_t begin = run * cut / cuts;
    const std::int64_t end = run * (cut + 1) / cuts;
    const std::int64_t first_row = piece / cuts * rows_per_piece;
    for (std::int64_t row = first_row; row < std::min(rows, first_row + rows_per_piece); ++row) {
      std::int64_t a_offset = begin * shape.a_strides[last];
      std::int64_t b_offset = begin * shape.b_strides[last];
      std::int64_t rest = row;
      for (std::size_t i = last; i-- > 0;) {
        a_offset += rest % shape.sizes[i] * shape.a_strides[i];
        b_offset += rest % shape.sizes[i] * shape.b_strides[i];
        rest /= shape.sizes[i];
      }
      kernels.run(function, a + a_offset, static_cast<std::size_t>(shape.a_strides[last]), b + b_offset,
                  static_cast<std::size_t>(shape.b_strides[last]), out + row * run + begin,
                  static_cast<std::size_t>(end - begin));
    }
  };
  if (pieces == 1) return one_piece(0, 0);
  pool.parallel_for(pieces, one_piece);
}

}  // namespace edge::kernels
