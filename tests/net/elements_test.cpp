#include "net/codec/elements.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace edge::net {
namespace {

TEST(Elements, share_a_tensors_values) {
  Tensor tensor(Shape{1, 2, 3, 4});
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.data()[i] = static_cast<float>(i);
  const Elements elements = elements_of(tensor);
  EXPECT_EQ(elements.type, ElementType::f32);
  EXPECT_EQ(elements.shape, tensor.shape());
  EXPECT_EQ(elements.count(), 24U);
  EXPECT_EQ(elements.bytes(), 96U);
  EXPECT_EQ(static_cast<const void*>(elements.data), tensor.data());

  const float* values = tensor.data();
  tensor = {};  // the elements keep the values alive
  const Tensor back = tensor_of(elements);
  EXPECT_EQ(back.data(), values);
  EXPECT_EQ(back.data()[23], 23.0F);
  EXPECT_EQ(back.shape(), elements.shape);
}

TEST(Elements, of_8_bits_become_floats_from_0_to_1) {
  FreshElements fresh = allocate_elements(ElementType::u8, Shape{1, 1, 16, 16});
  for (std::size_t i = 0; i < 256; ++i) fresh.data[i] = static_cast<std::byte>(i);
  EXPECT_EQ(fresh.elements.bytes(), 256U);
  const Tensor tensor = tensor_of(fresh.elements);
  ASSERT_EQ(tensor.shape(), fresh.elements.shape);
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(tensor.data()[i], static_cast<float>(i) / 255.0F);
}

TEST(Elements, may_be_empty) {
  EXPECT_TRUE(Elements{}.empty());
  EXPECT_EQ(Elements{}.count(), 0U);
  EXPECT_TRUE(elements_of(Tensor()).empty());
  EXPECT_TRUE(tensor_of(Elements{}).empty());
}

TEST(Elements, are_aligned_for_vector_loads) {
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    const FreshElements fresh = allocate_elements(type, Shape{1, 5});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(fresh.data) % 64, 0U);
    EXPECT_EQ(fresh.elements.data, fresh.data);
  }
}

}  // namespace
}  // namespace edge::net
