#include "kernels/reduction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace edge::kernels {
namespace {

float reduced(Reduction reduction, const std::vector<float>& row) {
  ThreadPool pool(1);
  float out = 0;
  reduce_rows(reduction, row.data(), &out, 1, static_cast<std::int64_t>(row.size()), pool);
  return out;
}

TEST(Reduction, is_what_it_is_called) {
  const std::vector<float> row{1, -2, 3, 4, -5, 6, 7, 8, 9, 10};
  EXPECT_EQ(reduced(Reduction::sum, row), 41);
  EXPECT_EQ(reduced(Reduction::mean, row), 4.1F);
  EXPECT_EQ(reduced(Reduction::maximum, row), 10);
  EXPECT_EQ(reduced(Reduction::minimum, row), -5);
  EXPECT_EQ(reduced(Reduction::l1, row), 55);
  EXPECT_EQ(reduced(Reduction::sum_of_squares, row), 385);
  EXPECT_EQ(reduced(Reduction::l2, row), static_cast<float>(std::sqrt(385.0)));
  EXPECT_EQ(reduced(Reduction::product, {2, 3, -4}), -24);
  EXPECT_NEAR(reduced(Reduction::log_sum_exp, {1000, 1000}), 1000 + std::log(2), 1e-4);
  EXPECT_TRUE(std::isnan(reduced(Reduction::maximum, {1, NAN, 2})));
}

TEST(Reduction, many_rows_on_several_threads) {
  ThreadPool pool(3);
  std::vector<float> in(500 * 333);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i / 333);
  std::vector<float> out(500);
  reduce_rows(Reduction::mean, in.data(), out.data(), 500, 333, pool);
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], static_cast<float>(i));
}

TEST(Reduction, arg_takes_the_first_or_the_last_of_several) {
  ThreadPool pool(1);
  const std::vector<float> in{3, 7, 7, 1, 1, NAN, 2, 2};
  std::vector<float> out(2);
  arg_rows(true, false, in.data(), out.data(), 2, 4, pool);
  EXPECT_EQ(out, (std::vector<float>{1, 1}));
  arg_rows(true, true, in.data(), out.data(), 2, 4, pool);
  EXPECT_EQ(out, (std::vector<float>{2, 1}));
  arg_rows(false, false, in.data(), out.data(), 2, 4, pool);
  EXPECT_EQ(out, (std::vector<float>{3, 0}));
}

TEST(Reduction, top_sorts_and_prefers_low_indices) {
  ThreadPool pool(1);
  const std::vector<float> in{3, 7, 7, 1};
  std::vector<float> values(3);
  std::vector<float> indices(3);
  top_rows(true, in.data(), values.data(), indices.data(), 1, 4, 3, pool);
  EXPECT_EQ(values, (std::vector<float>{7, 7, 3}));
  EXPECT_EQ(indices, (std::vector<float>{1, 2, 0}));
  top_rows(false, in.data(), nullptr, indices.data(), 1, 4, 3, pool);
  EXPECT_EQ(indices, (std::vector<float>{3, 0, 1}));
}

}  // namespace
}  // namespace edge::kernels
