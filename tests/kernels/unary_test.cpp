#include "kernels/unary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace edge::kernels {
namespace {

float result(UnaryFunction function, float x) {
  float out = 0;
  unary(function, &x, &out, 1);
  return out;
}

TEST(Unary, is_what_it_is_called) {
  EXPECT_EQ(result(UnaryFunction::absolute, -2), 2);
  EXPECT_EQ(result(UnaryFunction::negative, 2), -2);
  EXPECT_EQ(result(UnaryFunction::round, 2.5F), 2);
  EXPECT_EQ(result(UnaryFunction::truncate, -2.5F), -2);
  EXPECT_EQ(result(UnaryFunction::sign, -2.5F), -1);
  EXPECT_EQ(result(UnaryFunction::reciprocal, 4), 0.25F);
  EXPECT_EQ(result(UnaryFunction::softplus, 100), 100);
  EXPECT_EQ(result(UnaryFunction::softsign, -1), -0.5F);
  EXPECT_EQ(result(UnaryFunction::is_false, 0), 1);
  EXPECT_EQ(result(UnaryFunction::wrap_uint8, -1), 255);
  EXPECT_EQ(result(UnaryFunction::wrap_int8, 200), -56);
  EXPECT_EQ(result(UnaryFunction::wrap_int16, 40000), -25536);
  EXPECT_EQ(result(UnaryFunction::exponential, 1), static_cast<float>(std::exp(1.0)));
  EXPECT_EQ(result(UnaryFunction::error_function, 0.5F), static_cast<float>(std::erf(0.5)));
}

}  // namespace
}  // namespace edge::kernels
