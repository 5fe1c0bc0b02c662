// Average pooling to a given size, and of whole planes. Results depend neither on the threads nor on the ISA.
#include <algorithm>
#include <array>
#include <vector>

#include "kernels/linear_kernels.h"
#include "kernels/pooling.h"
#include "kernels/pooling_rows.h"

namespace edge::kernels {
namespace {

struct AdaptiveAxis {
  PoolingIndex in, out;
};

/// Sums the same window of eight planes, in eight independent chains: one alone would wait for each addition.
constexpr std::size_t planes_at_once = 8;
using PlaneBlock = std::array<const float*, planes_at_once>;

std::array<float, planes_at_once> window_sums(const PlaneBlock& planes, PoolingIndex row_step,
                                              PoolingIndex row_begin, PoolingIndex row_end,
                                              PoolingIndex column_begin, PoolingIndex column_end) {
  std::array<float, planes_at_once> sums{};
  for (PoolingIndex r = row_begin; r < row_end; ++r) {
    PlaneBlock rows = planes;
    for (const float*& row : rows) row += r * row_step + column_begin;
    for (PoolingIndex c = 0; c < column_end - column_begin; ++c) {
      for (std::size_t p = 0; p < planes_at_once; ++p) sums[p] += rows[p][c];
    }
  }
  return sums;
}

/// One value per plane: its dot product with ones.
void average_planes(Isa isa, std::int64_t planes, std::int64_t plane, const float* in, float* out,
                    ThreadPool& pool) {
  const LinearKernels& kernels = linear_kernels(isa);
  const std::vector<float> ones(static_cast<std::size_t>(plane), 1.0F);
  const std::int64_t most = kernels.most_rows;
  const std::int64_t groups = (planes + most - 1) / most;
  const std::int64_t per_task = std::max<std::int64_t>(1, pooling_task_floats / (plane * most));
  pool.parallel_for((groups + per_task - 1) / per_task, [&](std::int64_t task, int /*thread*/) {
    const std::int64_t end = std::min(planes, (task + 1) * per_task * most);
    for (std::int64_t first = task * per_task * most; first < end; first += most) {
      const auto count = static_cast<int>(std::min(most, end - first));
      kernels.dot_rows(ones.data(), in + first * plane, plane, count, out + first);
      for (int i = 0; i < count; ++i) out[first + i] /= static_cast<float>(plane);
    }
  });
}

}  // namespace

void adaptive_average_pool2d(Isa isa, std::int64_t planes, std::int64_t in_rows, std::int64_t in_columns,
                             std::int64_t out_rows, std::int64_t out_columns, const float* in, float* out,
                             ThreadPool& pool) {
  if (out_rows == in_rows && out_columns == in_columns) {  // each sum is that of 0 and one value
    const auto count = static_cast<PoolingIndex>(planes * in_rows * in_columns);
    for (PoolingIndex i = 0; i < count; ++i) out[i] = 0.0F + in[i];
    return;
  }
  if (out_rows == 1 && out_columns == 1) {
    return average_planes(isa, planes, in_rows * in_columns, in, out, pool);
  }
  constexpr auto block = static_cast<std::int64_t>(planes_at_once);
  const std::int64_t blocks = (planes + block - 1) / block;
  const AdaptiveAxis rows{static_cast<PoolingIndex>(in_rows), static_cast<PoolingIndex>(out_rows)};
  const AdaptiveAxis columns{static_cast<PoolingIndex>(in_columns), static_cast<PoolingIndex>(out_columns)};
  const auto begin_of = [](const AdaptiveAxis& axis, PoolingIndex index) {
    return index * axis.in / axis.out;
  };
  const auto end_of = [](const AdaptiveAxis& axis, PoolingIndex index) {
    return ((index + 1) * axis.in + axis.out - 1) / axis.out;
  };
  const auto one_row = [&](const PlaneBlock& inputs, PoolingIndex used, PoolingIndex row, float* out_row) {
    const PoolingIndex row_begin = begin_of(rows, row);
    const PoolingIndex row_end = end_of(rows, row);
    for (PoolingIndex column = 0; column < columns.out; ++column) {
      const PoolingIndex begin = begin_of(columns, column);
      const PoolingIndex end = end_of(columns, column);
      const auto sums = window_sums(inputs, columns.in, row_begin, row_end, begin, end);
      const auto divisor = static_cast<float>((row_end - row_begin) * (end - begin));
      for (PoolingIndex p = 0; p < used; ++p) {
        out_row[p * rows.out * columns.out + column] = sums[static_cast<std::size_t>(p)] / divisor;
      }
    }
  };
  for_each_pooled_row(
      blocks, out_rows, block * in_rows * in_columns / std::max<std::int64_t>(1, out_rows), pool,
      [&](PoolingIndex index, PoolingIndex first_row, PoolingIndex count, int /*thread*/) {
        const PoolingIndex first_plane = index * static_cast<PoolingIndex>(block);
        const PoolingIndex used =
            std::min(static_cast<PoolingIndex>(block), static_cast<PoolingIndex>(planes) - first_plane);
        PlaneBlock inputs;
        for (PoolingIndex p = 0; p < static_cast<PoolingIndex>(block);
             ++p) {  // missing planes: the last one again
          const PoolingIndex plane = first_plane + std::min(p, used - 1);
          inputs[static_cast<std::size_t>(p)] = in + plane * rows.in * columns.in;
        }
        for (PoolingIndex row = first_row; row < first_row + count; ++row) {
          one_row(inputs, used, row, out + (first_plane * rows.out + row) * columns.out);
        }
      });
}

}  // namespace edge::kernels
