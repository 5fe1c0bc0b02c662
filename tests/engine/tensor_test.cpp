#include "engine/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "engine/error.h"

namespace edge {
namespace {

Tensor counted(const Shape& shape) {
  Tensor tensor(shape);
  std::iota(tensor.values().begin(), tensor.values().end(), 0.0F);
  return tensor;
}

TEST(Tensor, default_is_empty) {
  const Tensor tensor;
  EXPECT_TRUE(tensor.empty());
  EXPECT_EQ(tensor.elements(), 0U);
  EXPECT_EQ(tensor.bytes(), 0U);
  EXPECT_TRUE(tensor.clone().empty());
}

TEST(Tensor, is_aligned) {
  for (int i = 1; i < 20; ++i) {
    const Tensor tensor({i, 3});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0U);
  }
}

TEST(Tensor, without_elements_is_not_empty) {
  const Tensor tensor({0, 5});
  EXPECT_FALSE(tensor.empty());
  EXPECT_EQ(tensor.elements(), 0U);
}

TEST(Tensor, zeros) {
  const Tensor tensor = Tensor::zeros({2, 3});
  for (const float value : tensor.values()) EXPECT_EQ(value, 0.0F);
}

TEST(Tensor, views_share_values_and_keep_them_alive) {
  Tensor slice;
  {
    Tensor whole = counted({4, 2, 3});
    slice = whole.slice(1, 2).reshaped({3, 4});
    whole.data()[6] = 100;
  }
  EXPECT_EQ(slice.shape(), Shape({3, 4}));
  EXPECT_EQ(slice.data()[0], 100.0F);
  EXPECT_EQ(slice.data()[11], 17.0F);
}

TEST(Tensor, clone_is_independent) {
  Tensor tensor = counted({3});
  const Tensor copy = tensor.clone();
  tensor.data()[0] = 5;
  EXPECT_EQ(copy.data()[0], 0.0F);
}

TEST(Tensor, absurd_size_is_an_error) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_THROW(Tensor({large, large}), Error);
}

TEST(Tensor, bit_equal_distinguishes_bits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor a = counted({2});
  Tensor b = a.clone();
  EXPECT_TRUE(bit_equal(a, b));
  EXPECT_FALSE(bit_equal(a, b.reshaped({2, 1})));
  a.data()[0] = b.data()[0] = nan;
  EXPECT_TRUE(bit_equal(a, b));
  a.data()[0] = 0.0F;
  b.data()[0] = -0.0F;
  EXPECT_FALSE(bit_equal(a, b));
  EXPECT_FALSE(bit_equal(a, Tensor()));
  EXPECT_TRUE(bit_equal(Tensor(), Tensor()));
}

TEST(Tensor, max_relative_error) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor a = counted({3});  // 0 1 2
  Tensor b = a.clone();
  EXPECT_EQ(max_relative_error(a, b), 0.0);
  a.data()[1] = 1.5F;
  EXPECT_DOUBLE_EQ(max_relative_error(a, b), 0.25);  // against the largest value, 2
  a.data()[1] = nan;
  EXPECT_EQ(max_relative_error(a, b), infinity);
  b.data()[1] = nan;
  EXPECT_EQ(max_relative_error(a, b), 0.0);
  a.data()[1] = infinity;
  b.data()[1] = infinity;
  EXPECT_EQ(max_relative_error(a, b), 0.0);
  b.data()[1] = -infinity;
  EXPECT_EQ(max_relative_error(a, b), infinity);
  EXPECT_EQ(max_relative_error(a, a.reshaped({3, 1})), infinity);
}

}  // namespace
}  // namespace edge
