#include "engine/array.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "engine/error.h"
#include "engine/tensor.h"

namespace edge {
namespace {

TEST(Array, shares_a_tensors_values) {
  Tensor tensor(Shape{1, 2, 3, 4});
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.data()[i] = static_cast<float>(i);
  const Array array = tensor;
  EXPECT_EQ(array.type(), ElementType::f32);
  EXPECT_EQ(array.shape(), tensor.shape());
  EXPECT_EQ(array.elements(), 24U);
  EXPECT_EQ(array.bytes(), 96U);
  EXPECT_EQ(static_cast<const void*>(array.data()), tensor.data());

  const float* values = tensor.data();
  tensor = {};  // the array keeps the values alive
  const Array back = as_floats(array);
  EXPECT_EQ(back.values().data(), values);
  EXPECT_EQ(back.values()[23], 23.0F);
  const Array row = back.reshaped({1, 24});
  EXPECT_EQ(row.shape(), (Shape{1, 24}));
  EXPECT_EQ(row.values().data(), values);
}

TEST(Array, of_8_bits_becomes_floats_from_0_to_1) {
  const FreshArray fresh = allocate_array(ElementType::u8, Shape{1, 1, 16, 16});
  for (std::size_t i = 0; i < 256; ++i) fresh.data[i] = static_cast<std::byte>(i);
  EXPECT_EQ(fresh.array.bytes(), 256U);
  EXPECT_EQ(fresh.array.octets()[255], 255);
  const Array floats = as_floats(fresh.array);
  ASSERT_EQ(floats.shape(), fresh.array.shape());
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(floats.values()[i], static_cast<float>(i) / 255.0F);
}

TEST(Array, may_be_empty) {
  EXPECT_TRUE(Array{}.empty());
  EXPECT_EQ(Array{}.elements(), 0U);
  EXPECT_TRUE(Array(Tensor()).empty());
  EXPECT_TRUE(as_floats(Array{}).empty());
}

TEST(Array, is_aligned_for_vector_loads) {
  for (const ElementTypeEntry& entry : element_types) {
    const FreshArray fresh = allocate_array(entry.type, Shape{1, 5});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(fresh.data) % 64, 0U);
    EXPECT_EQ(fresh.array.data(), fresh.data);
    EXPECT_EQ(fresh.array.bytes(), 5 * entry.bytes);
  }
}

TEST(Array, bits_are_compared_with_type_and_shape) {
  const Tensor a = Tensor::zeros({1, 4});
  Tensor b = Tensor::zeros({1, 4});
  EXPECT_TRUE(bit_equal(a, b));
  b.data()[3] = -0.0F;
  EXPECT_FALSE(bit_equal(a, b));
  EXPECT_FALSE(bit_equal(a, Tensor::zeros({4, 1})));
  const FreshArray bytes = allocate_array(ElementType::u8, {1, 4});
  for (std::size_t i = 0; i < 4; ++i) bytes.data[i] = std::byte{0};
  EXPECT_FALSE(bit_equal(a, bytes.array));
}

TEST(Array, types_have_numbers_and_names_of_their_own) {
  std::set<int> numbers;
  std::set<std::string> names;
  for (const ElementTypeEntry& entry : element_types) {
    numbers.insert(static_cast<int>(entry.type));
    names.insert(entry.name);
    EXPECT_EQ(element_type_of(static_cast<std::uint8_t>(entry.type)), entry.type);
    EXPECT_EQ(element_bytes(entry.type), entry.bytes);
  }
  EXPECT_EQ(numbers.size(), element_types.size());
  EXPECT_EQ(names.size(), element_types.size());
  EXPECT_FALSE(element_type_of(0));
  EXPECT_FALSE(element_type_of(255));
}

TEST(Array, larger_than_the_address_space_is_an_error) {
  if constexpr (sizeof(std::size_t) == 4) {
    EXPECT_THROW((void)allocate_array(ElementType::f32, {1, 1 << 15, 1 << 15}), Error);
  } else {
    EXPECT_EQ(allocate_array(ElementType::u8, {0}).array.bytes(), 0U);
  }
}

}  // namespace
}  // namespace edge
