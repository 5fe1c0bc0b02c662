#include "kernels/reduction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace edge::kernels {
namespace {

using Index = std::ptrdiff_t;

constexpr std::int64_t grain = 16 * 1024;

template <class Row>
void for_each_row(std::int64_t rows, std::int64_t columns, ThreadPool& pool, const Row& row) {
  const std::int64_t per_piece = std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, columns));
  pool.parallel_for((rows + per_piece - 1) / per_piece, [&](std::int64_t piece, int /*thread*/) {
    for (std::int64_t i = piece * per_piece; i < std::min(rows, (piece + 1) * per_piece); ++i) row(i);
  });
}

/// The sum of function(value) in eight chains.
template <class Function>
double sum(const float* in, Index count, const Function& function) {
  constexpr Index chains = 8;
  std::array<double, chains> sums{};
  Index i = 0;
  for (; i + chains <= count; i += chains) {
    for (Index k = 0; k < chains; ++k) sums[static_cast<std::size_t>(k)] += function(double{in[i + k]});
  }
  for (Index k = 0; i < count; ++i, ++k) sums[static_cast<std::size_t>(k)] += function(double{in[i]});
  double total = 0;
  for (const double part : sums) total += part;
  return total;
}

float largest(const float* in, Index count) {
  float result = in[0];
  for (Index i = 1; i < count; ++i) result = in[i] > result || std::isnan(in[i]) ? in[i] : result;
  return result;
}

float smallest(const float* in, Index count) {
  float result = in[0];
  for (Index i = 1; i < count; ++i) result = in[i] < result || std::isnan(in[i]) ? in[i] : result;
  return result;
}

double product(const float* in, Index count) {
  double result = 1;
  for (Index i = 0; i < count; ++i) result *= double{in[i]};
  return result;
}

double log_sum_exp(const float* in, Index count) {
  const double top = double{largest(in, count)};
  if (!std::isfinite(top)) return top;
  return top + std::log(sum(in, count, [&](double x) { return std::exp(x - top); }));
}

float reduced(Reduction reduction, const float* in, Index count) {
  const auto itself = [](double x) { return x; };
  const auto square = [](double x) { return x * x; };
  switch (reduction) {
    case Reduction::mean:
      return static_cast<float>(sum(in, count, itself) / static_cast<double>(count));
    case Reduction::sum:
      return static_cast<float>(sum(in, count, itself));
    case Reduction::maximum:
      return largest(in, count);
    case Reduction::minimum:
      return smallest(in, count);
    case Reduction::product:
      return static_cast<float>(product(in, count));
    case Reduction::l1:
      return static_cast<float>(sum(in, count, [](double x) { return std::abs(x); }));
    case Reduction::l2:
      return static_cast<float>(std::sqrt(sum(in, count, square)));
    case Reduction::sum_of_squares:
      return static_cast<float>(sum(in, count, square));
    case Reduction::log_sum_exp:
      return static_cast<float>(log_sum_exp(in, count));
  }
  return 0;
}

/// Whether a is in front of b among the largest (smallest).
bool better(bool want_largest, float a, float b) {
  if (std::isnan(a) || std::isnan(b))
    return want_largest ? std::isnan(a) && !std::isnan(b) : !std::isnan(a) && std::isnan(b);
  return want_largest ? a > b : a < b;
}

}  // namespace

const char* reduction_name(Reduction reduction) {
  static constexpr const char* names[] = {"mean", "sum", "maximum",        "minimum",    "product",
                                          "l1",   "l2",  "sum_of_squares", "log_sum_exp"};
  return names[static_cast<std::size_t>(reduction)];
}

void reduce_rows(Reduction reduction, const float* in, float* out, std::int64_t rows, std::int64_t columns,
                 ThreadPool& pool) {
  for_each_row(rows, columns, pool, [&](std::int64_t row) {
    out[row] = reduced(reduction, in + row * columns, static_cast<Index>(columns));
  });
}

void arg_rows(bool want_largest, bool last, const float* in, float* out, std::int64_t rows,
              std::int64_t columns, ThreadPool& pool) {
  for_each_row(rows, columns, pool, [&](std::int64_t row) {
    const float* const values = in + row * columns;
    Index found = 0;
    for (Index i = 1; i < static_cast<Index>(columns); ++i) {
      const bool take = last ? !better(want_largest, values[found], values[i])
                             : better(want_largest, values[i], values[found]);
      if (take) found = i;
    }
    out[row] = static_cast<float>(found);
  });
}

void top_rows(bool want_largest, const float* in, float* values, float* indices, std::int64_t rows,
              std::int64_t columns, std::int64_t count, ThreadPool& pool) {
  for_each_row(rows, columns, pool, [&](std::int64_t row) {
    const float* const from = in + row * columns;
    std::vector<Index> order(static_cast<std::size_t>(columns));
    std::iota(order.begin(), order.end(), Index{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<Index>(count), order.end(),
                      [&](Index a, Index b) {
                        if (better(want_largest, from[a], from[b])) return true;
                        return !better(want_largest, from[b], from[a]) && a < b;
                      });
    for (std::int64_t i = 0; i < count; ++i) {
      const Index index = order[static_cast<std::size_t>(i)];
      if (values != nullptr) values[row * count + i] = from[index];
      if (indices != nullptr) indices[row * count + i] = static_cast<float>(index);
    }
  });
}

}  // namespace edge::kernels
