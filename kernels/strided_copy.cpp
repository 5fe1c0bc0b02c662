#include "kernels/strided_copy.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace edge::kernels {
namespace {

using Index = std::ptrdiff_t;

/// Elements that are worth waking a thread for.
constexpr std::int64_t grain = 32 * 1024;
constexpr Index block = 8;

/// One dimension of the source and where it goes.
struct Dimension {
  Index size;
  Index in_step;
  Index out_step;
};

void copy_run(const float* in, float* out, const Dimension& run) {
  if (run.in_step == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(run.size) * sizeof(float));
  } else if (run.in_step == 0) {
    std::fill_n(out, run.size, *in);
  } else {
    for (Index i = 0; i < run.size; ++i) out[i] = in[i * run.in_step];
  }
}

/// out[r * rows.out_step + c] = in[r + c * columns.in_step], in blocks that stay in the first cache.
void copy_transposed(const float* in, float* out, const Dimension& rows, const Dimension& columns) {
  for (Index r = 0; r < rows.size; r += block) {
    const Index row_count = std::min(block, rows.size - r);
    for (Index c = 0; c < columns.size; c += block) {
      const Index column_count = std::min(block, columns.size - c);
      const float* const from = in + r + c * columns.in_step;
      float* const to = out + r * rows.out_step + c;
      if (row_count == block && column_count == block) {
        float values[block * block];
        for (Index j = 0; j < block; ++j) {
          for (Index i = 0; i < block; ++i) values[i * block + j] = from[j * columns.in_step + i];
        }
        for (Index i = 0; i < block; ++i) {
          std::memcpy(to + i * rows.out_step, values + i * block, block * sizeof(float));
        }
      } else {
        for (Index i = 0; i < row_count; ++i) {
          for (Index j = 0; j < column_count; ++j) to[i * rows.out_step + j] = from[j * columns.in_step + i];
        }
      }
    }
  }
}

}  // namespace

void StridedCopy::run(const float* in, float* out, ThreadPool& pool) const {
  assert(sizes.size() == strides.size());
  std::vector<Dimension> outer;
  std::int64_t elements = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    outer.push_back(
        {static_cast<Index>(sizes[i]), static_cast<Index>(strides[i]), static_cast<Index>(elements)});
    elements *= sizes[i];
  }
  if (elements == 0) return;
  if (outer.empty()) {
    *out = *in;
    return;
  }
  const Dimension run = outer.front();  // of the output: its step there is 1
  outer.erase(outer.begin());
  // Reading in steps is slow: where another dimension is contiguous in the source, both are copied together.
  Dimension rows{0, 0, 0};
  if (run.in_step != 1 && run.in_step != 0) {
    const auto found =
        std::find_if(outer.begin(), outer.end(), [](const Dimension& other) { return other.in_step == 1; });
    if (found != outer.end()) {
      rows = *found;
      outer.erase(found);
    }
  }
  std::int64_t tasks = 1;
  for (const Dimension& dimension : outer) tasks *= dimension.size;
  const std::int64_t per_piece = std::max<std::int64_t>(1, grain * tasks / elements);
  const std::int64_t pieces = (tasks + per_piece - 1) / per_piece;
  const auto one_piece = [&](std::int64_t piece, int /*thread*/) {
    const std::int64_t end = std::min(tasks, (piece + 1) * per_piece);
    for (std::int64_t task = piece * per_piece; task < end; ++task) {
      Index in_offset = 0;
      Index out_offset = 0;
      auto rest = static_cast<Index>(task);
      for (const Dimension& dimension : outer) {  // the innermost first
        const Index index = rest % dimension.size;
        rest /= dimension.size;
        in_offset += index * dimension.in_step;
        out_offset += index * dimension.out_step;
      }
      if (rows.size > 0) {
        copy_transposed(in + in_offset, out + out_offset, rows, run);
      } else {
        copy_run(in + in_offset, out + out_offset, run);
      }
    }
  };
  if (pieces == 1) return one_piece(0, 0);
  pool.parallel_for(pieces, one_piece);
}

}  // namespace edge::kernels
