// Delta kernels: every ISA against loops over single elements, at all small sizes and many densities of
// change, in buffers of exact size between guard pages.
#include "kernels/delta.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/delta_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::Guard;
using test::GuardedBuffer;

constexpr std::uint8_t canary = 0xA5;

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all(140);
  std::iota(all.begin(), all.end(), std::size_t{0});
  all.insert(all.end(), {191, 192, 193, 1276, 4099});
  return all;
}

template <typename Value>
std::vector<Value> random_values(std::size_t count, std::mt19937& random) {
  std::vector<Value> values(count);
  for (Value& value : values) value = static_cast<Value>(random());
  return values;
}

/// Changes about `percent` of the values, by single bits too; in runs, as a picture changes.
template <typename Value>
std::vector<Value> changed_values(std::vector<Value> values, unsigned percent, std::mt19937& random) {
  std::size_t run = 0;
  bool changing = false;
  for (Value& value : values) {
    if (run == 0) {
      run = 1 + (random() % 9 == 0 ? random() % 150 : random() % 3);
      changing = random() % 100 < percent;
    }
    --run;
    if (changing) value ^= static_cast<Value>(Value{1} << (random() % (8 * sizeof(Value))));
  }
  return values;
}

std::vector<std::uint8_t> random_mask(std::size_t count, unsigned percent, std::mt19937& random) {
  const std::vector<std::uint8_t> before(count);
  const std::vector<std::uint8_t> after = changed_values(before, percent, random);
  std::vector<std::uint8_t> mask((count + 7) / 8);
  for (std::size_t i = 0; i < count; ++i) {
    if (after[i] != 0) mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 1U << i % 8);
  }
  return mask;
}

bool is_set(const std::vector<std::uint8_t>& mask, std::size_t i) {
  return (mask[i / 8] >> (i % 8) & 1) != 0;
}

template <typename Value>
class Delta : public ::testing::Test {
 public:
  /// Calls check(isa, size, percent) for all of them.
  template <typename Check>
  void for_all(const Check& check) {
    for (const Isa isa : isas_to_test()) {
      for (const std::size_t size : sizes()) {
        for (const unsigned percent : {0U, 2U, 30U, 70U, 100U}) {
          SCOPED_TRACE(::testing::Message()
                       << isa_name(isa) << ", " << size << " elements, " << percent << " %");
          check(isa, size, percent);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
  std::mt19937 random{6};
};
using ElementTypes = ::testing::Types<std::uint32_t, std::uint8_t>;
TYPED_TEST_SUITE(Delta, ElementTypes);

TYPED_TEST(Delta, CompareToMask) {
  this->for_all([&](Isa isa, std::size_t size, unsigned percent) {
    const auto values = random_values<TypeParam>(size, this->random);
    GuardedBuffer<TypeParam> old_values(values);
    GuardedBuffer<TypeParam> new_values(changed_values(values, percent, this->random));
    GuardedBuffer<std::uint8_t> mask((size + 7) / 8);
    std::fill(mask.span().begin(), mask.span().end(), canary);
    std::vector<std::uint8_t> expected((size + 7) / 8);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (new_values.data()[i] == old_values.data()[i]) continue;
      ++changed;
      expected[i / 8] = static_cast<std::uint8_t>(expected[i / 8] | 1U << i % 8);
    }
    ASSERT_EQ(compare_to_mask(isa, new_values.data(), old_values.data(), size, mask.data()), changed);
    ASSERT_EQ(mask.values(), expected);
    ASSERT_EQ(count_mask(mask.data(), size), changed);
  });
}

TYPED_TEST(Delta, CompressWritesNoMoreThanEightElementsTooMuch) {
  this->for_all([&](Isa isa, std::size_t size, unsigned percent) {
    GuardedBuffer<TypeParam> values(random_values<TypeParam>(size, this->random));
    GuardedBuffer<std::uint8_t> mask(random_mask(size, percent, this->random));
    const std::vector<std::uint8_t> bits = mask.values();
    std::vector<TypeParam> expected;
    for (std::size_t i = 0; i < size; ++i) {
      if (is_set(bits, i)) expected.push_back(values.data()[i]);
    }
    GuardedBuffer<TypeParam> packed(expected.size() + 8);
    ASSERT_EQ(compress(isa, values.data(), mask.data(), size, packed.data()), expected.size());
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), packed.data()));
  });
}

TYPED_TEST(Delta, ExpandReadsExactlyWhatItTakes) {
  this->for_all([&](Isa isa, std::size_t size, unsigned percent) {
    GuardedBuffer<std::uint8_t> mask(random_mask(size, percent, this->random));
    const std::vector<std::uint8_t> bits = mask.values();
    GuardedBuffer<TypeParam> packed(random_values<TypeParam>(count_mask(mask.data(), size), this->random));
    GuardedBuffer<TypeParam> values(random_values<TypeParam>(size, this->random));
    std::vector<TypeParam> expected = values.values();
    std::size_t taken = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (is_set(bits, i)) expected[i] = packed.data()[taken++];
    }
    ASSERT_EQ(expand(isa, packed.data(), mask.data(), size, values.data()), packed.size());
    ASSERT_EQ(values.values(), expected);
  });
}

TYPED_TEST(Delta, ExpandReadsExactlyWhatItTakesFromNearlyFullMasks) {
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : {64U, 128U}) {
      for (std::size_t unset = 0; unset < size; ++unset) {
        std::vector<std::uint8_t> mask(size / 8, 0xFF);
        mask[unset / 8] = static_cast<std::uint8_t>(0xFF ^ 1U << unset % 8);
        GuardedBuffer<TypeParam> packed(random_values<TypeParam>(size - 1, this->random));
        GuardedBuffer<TypeParam> values(size);
        ASSERT_EQ(expand(isa, packed.data(), mask.data(), size, values.data()), size - 1);
        for (std::size_t i = 0; i < size; ++i) {
          const TypeParam expected = i == unset ? TypeParam{0} : packed.data()[i < unset ? i : i - 1];
          ASSERT_EQ(values.data()[i], expected) << isa_name(isa) << " " << unset;
        }
      }
    }
  }
}

TYPED_TEST(Delta, CompressedChangesRestoreTheNewValues) {
  this->for_all([&](Isa isa, std::size_t size, unsigned percent) {
    std::vector<TypeParam> held = random_values<TypeParam>(size, this->random);
    const std::vector<TypeParam> next = changed_values(held, percent, this->random);
    std::vector<std::uint8_t> mask((size + 7) / 8);
    std::vector<TypeParam> packed(size + 8);
    const std::size_t changed = compare_to_mask(isa, next.data(), held.data(), size, mask.data());
    ASSERT_EQ(compress(isa, next.data(), mask.data(), size, packed.data()), changed);
    ASSERT_EQ(expand(isa, packed.data(), mask.data(), size, held.data()), changed);
    ASSERT_EQ(held, next);
  });
}

TYPED_TEST(Delta, UnalignedBuffers) {
  constexpr std::size_t size = 333;
  for (const Isa isa : isas_to_test()) {
    for (std::size_t shift = 0; shift < 8; ++shift) {
      const auto before = random_values<TypeParam>(size + shift, this->random);
      auto after = before;
      for (std::size_t i = shift; i < after.size(); i += 3) after[i] = static_cast<TypeParam>(after[i] + 1);
      std::vector<std::uint8_t> mask((size + 7) / 8 + shift);
      std::vector<TypeParam> packed(size + 8 + shift);
      auto held = before;
      ASSERT_EQ(compare_to_mask(isa, after.data() + shift, before.data() + shift, size, mask.data() + shift),
                size / 3);
      compress(isa, after.data() + shift, mask.data() + shift, size, packed.data() + shift);
      expand(isa, packed.data() + shift, mask.data() + shift, size, held.data() + shift);
      ASSERT_EQ(held, after) << isa_name(isa) << " " << shift;
    }
  }
}

TEST(DeltaMask, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = delta_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(DeltaMask, ComparesFloatsByTheirBits) {
  const std::vector<std::uint32_t> old_values = {0x00000000, 0x7FC00000, 0x7FC00000, 0x3F800000, 0x00000001};
  const std::vector<std::uint32_t> new_values = {0x80000000, 0x7FC00000, 0x7FC00001, 0x3F800000, 0x00000000};
  for (const Isa isa : isas_to_test()) {
    std::uint8_t mask = canary;
    EXPECT_EQ(compare_to_mask(isa, new_values.data(), old_values.data(), 5, &mask), 3U);
    EXPECT_EQ(mask, 0b10101);  // -0 is not +0, a NaN equals itself only, denormals count
  }
}

TEST(DeltaMask, CountIgnoresBitsBehindTheEnd) {
  const std::vector<std::uint8_t> mask(20, 0xFF);
  for (std::size_t count = 0; count <= 160; ++count) EXPECT_EQ(count_mask(mask.data(), count), count);
}

TEST(Deadband, EveryPairOfPixels) {
  std::vector<std::uint8_t> in(65536);
  std::vector<std::uint8_t> before(65536);
  for (std::size_t i = 0; i < in.size(); ++i) {
    in[i] = static_cast<std::uint8_t>(i);
    before[i] = static_cast<std::uint8_t>(i >> 8);
  }
  for (const Isa isa : isas_to_test()) {
    for (const unsigned band : {0U, 1U, 2U, 4U, 127U, 128U, 254U, 255U}) {
      std::vector<std::uint8_t> held = before;
      deadband(isa, in.data(), held.data(), in.size(), static_cast<std::uint8_t>(band));
      for (std::size_t i = 0; i < in.size(); ++i) {
        const auto moved = static_cast<unsigned>(std::abs(in[i] - before[i]));
        ASSERT_EQ(held[i], moved <= band ? before[i] : in[i])
            << isa_name(isa) << " band " << band << " at " << i;
      }
    }
  }
}

TEST(Deadband, StaysInsideItsBuffers) {
  std::mt19937 random(7);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      GuardedBuffer<std::uint8_t> in(random_values<std::uint8_t>(size, random));
      GuardedBuffer<std::uint8_t> held(random_values<std::uint8_t>(size, random));
      std::vector<std::uint8_t> expected = held.values();
      deadband(Isa::scalar, in.data(), expected.data(), size, 30);
      deadband(isa, in.data(), held.data(), size, 30);
      ASSERT_EQ(held.values(), expected) << isa_name(isa) << " " << size;
    }
  }
}

TEST(Planes, SplitAndJoin) {
  std::mt19937 random(8);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      GuardedBuffer<std::uint32_t> words(random_values<std::uint32_t>(size, random));
      std::vector<std::uint8_t> expected(4 * size);
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t plane = 0; plane < 4; ++plane) {
          expected[plane * size + i] = static_cast<std::uint8_t>(words.data()[i] >> 8 * plane);
        }
      }
      GuardedBuffer<std::uint8_t> planes(4 * size);
      split_planes(isa, words.data(), size, planes.data());
      ASSERT_EQ(planes.values(), expected) << isa_name(isa) << " " << size;
      GuardedBuffer<std::uint32_t> restored(size);
      join_planes(isa, planes.data(), size, restored.data());
      ASSERT_EQ(restored.values(), words.values()) << isa_name(isa) << " " << size;
    }
  }
}

std::vector<std::uint8_t> random_bytes(std::size_t count, std::mt19937& random) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Delta, BytesAreSubtractedAndAddedModulo256) {
  std::mt19937 random(20);
  for (const Isa isa : isas_to_test()) {
    for (std::size_t count = 0; count < 100; ++count) {
      for (const Guard guard : {Guard::front, Guard::back}) {
        GuardedBuffer<std::uint8_t> values(random_bytes(count, random), guard);
        GuardedBuffer<std::uint8_t> old_values(random_bytes(count, random), guard);
        GuardedBuffer<std::uint8_t> differences(count, guard);
        subtract(isa, values.data(), old_values.data(), differences.data(), count);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(differences.data()[i],
                    static_cast<std::uint8_t>(values.data()[i] - old_values.data()[i]));
        }
        GuardedBuffer<std::uint8_t> restored(count, guard);
        add(isa, differences.data(), old_values.data(), restored.data(), count);
        ASSERT_EQ(restored.values(), values.values()) << isa_name(isa) << " " << count;
      }
    }
  }
}

TEST(Delta, RgbDifferencesAreReducedByGreens) {
  std::mt19937 random(21);
  for (const Isa isa : isas_to_test()) {
    for (std::size_t count = 0; count < 100; ++count) {
      const std::size_t gap = count % 3;  // behind each plane, where nothing may be written
      const std::size_t stride = count + gap;
      GuardedBuffer<std::uint8_t> values(random_bytes(3 * stride, random));
      GuardedBuffer<std::uint8_t> old_values(random_bytes(3 * stride, random));
      GuardedBuffer<std::uint8_t> differences(std::vector<std::uint8_t>(3 * stride, 77));
      subtract_rgb(isa, {values.data(), stride}, {old_values.data(), stride}, {differences.data(), stride},
                   count);
      const auto difference = [&](std::size_t plane, std::size_t i) {
        return values.data()[plane * stride + i] - old_values.data()[plane * stride + i];
      };
      for (std::size_t plane = 0; plane < 3; ++plane) {
        for (std::size_t i = 0; i < stride; ++i) {
          const int expected = i >= count   ? 77
                               : plane == 1 ? difference(1, i)
                                            : difference(plane, i) - difference(1, i);
          ASSERT_EQ(differences.data()[plane * stride + i], static_cast<std::uint8_t>(expected))
              << isa_name(isa) << " " << count;
        }
      }
      GuardedBuffer<std::uint8_t> restored(values.values());
      std::fill(restored.span().begin(), restored.span().end(), std::uint8_t{0});
      add_rgb(isa, {differences.data(), stride}, {old_values.data(), stride}, {restored.data(), stride},
              count);
      for (std::size_t plane = 0; plane < 3; ++plane) {
        for (std::size_t i = 0; i < stride; ++i) {
          ASSERT_EQ(restored.data()[plane * stride + i], i < count ? values.data()[plane * stride + i] : 0);
        }
      }
      // The same old values for all planes, as above a picture's first row.
      subtract_rgb(isa, {values.data(), stride}, {old_values.data(), 0}, {differences.data(), stride}, count);
      add_rgb(isa, {differences.data(), stride}, {old_values.data(), 0}, {restored.data(), stride}, count);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(restored.data()[i], values.data()[i]);
    }
  }
}

}  // namespace
}  // namespace edge::kernels
