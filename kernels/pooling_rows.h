// How poolings deal their output rows out to threads. Internal to kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/thread_pool.h"

namespace edge::kernels {

/// Enough values per task to outweigh handing it out, few enough to balance the threads.
inline constexpr std::int64_t pooling_task_floats = 32 * 1024;

/// 64-bit indices would cost as much as the pooling itself on 32-bit CPUs.
using PoolingIndex = std::ptrdiff_t;

/// Calls rows(plane, first_output_row, row_count, thread) for all of them, runs of neighbouring rows of a
/// plane on one thread.
template <typename Rows>
void for_each_pooled_row(std::int64_t planes, std::int64_t out_rows, std::int64_t floats_per_row,
                         ThreadPool& pool, const Rows& rows) {
  const std::int64_t total = planes * out_rows;
  const std::int64_t rows_per_task =
      std::max<std::int64_t>(1, pooling_task_floats / std::max<std::int64_t>(1, floats_per_row));
  const std::int64_t tasks = (total + rows_per_task - 1) / rows_per_task;
  pool.parallel_for(tasks, [&](std::int64_t task, int thread) {
    const std::int64_t first = task * rows_per_task;
    auto plane = static_cast<PoolingIndex>(first / out_rows);
    auto index = static_cast<PoolingIndex>(first % out_rows);
    for (auto left = static_cast<PoolingIndex>(std::min(rows_per_task, total - first)); left > 0;
         ++plane, index = 0) {
      const PoolingIndex count = std::min(left, static_cast<PoolingIndex>(out_rows) - index);
      rows(plane, index, count, thread);
      left -= count;
    }
  });
}

}  // namespace edge::kernels
