#include <gtest/gtest.h>

#include "net/codec/change_map.h"
#include "net/codec/codec.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::Random;

std::vector<std::uint8_t> mask_of(std::size_t elements, const std::vector<std::size_t>& changed) {
  std::vector<std::uint8_t> mask(mask_bytes(elements));
  for (const std::size_t i : changed) mask[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
  return mask;
}

TEST(ChangeMap, blocks_without_changes_take_a_byte_each) {
  std::vector<std::uint8_t> mask = mask_of(5000, {});
  std::vector<std::uint8_t> positions;
  EXPECT_EQ(pack_positions(mask, 5000, 4, positions), 0U);
  EXPECT_EQ(positions, std::vector<std::uint8_t>(5, 0));
}

TEST(ChangeMap, runs_have_the_documented_form) {
  // 300 unchanged (255 + 45), 2 changed, then the rest of 1024
  std::vector<std::uint8_t> mask = mask_of(1024, {300, 301});
  std::vector<std::uint8_t> positions;
  EXPECT_EQ(pack_positions(mask, 1024, 4, positions), 2U);
  EXPECT_EQ(positions, (std::vector<std::uint8_t>{2, 255, 45, 2, 255, 255, 212}));
}

TEST(ChangeMap, masks_and_dense_blocks_have_the_documented_form) {
  std::vector<std::size_t> every_second;
  for (std::size_t i = 0; i < 1024; i += 2) every_second.push_back(i);
  std::vector<std::uint8_t> mask = mask_of(1024, every_second);
  std::vector<std::uint8_t> positions;
  EXPECT_EQ(pack_positions(mask, 1024, 4, positions), 512U);
  std::vector<std::uint8_t> expected(129, 0x55);
  expected[0] = 1;
  EXPECT_EQ(positions, expected);

  mask = mask_of(12, {0, 2, 3, 4, 5, 6, 7, 8, 9, 11});
  EXPECT_EQ(pack_positions(mask, 12, 1, positions), 12U);  // all values are as short as a mask of two bytes
  EXPECT_EQ(positions, std::vector<std::uint8_t>{3});
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{0xFF, 0x0F}));
}

TEST(ChangeMap, round_trip_keeps_every_change) {
  Random random(1);
  for (const std::size_t elements : {1U, 7U, 8U, 9U, 63U, 65U, 1023U, 1024U, 1025U, 3000U, 5251U}) {
    for (const double rate : {0.0, 0.002, 0.02, 0.1, 0.5, 0.9, 0.99, 1.0}) {
      for (const std::size_t stretch : {1U, 40U, 700U}) {  // changes come in clusters, too
        std::vector<std::size_t> changed;
        bool on = false;
        for (std::size_t i = 0; i < elements; ++i) {
          if (i % stretch == 0) on = random.with_probability(rate);
          if (on) changed.push_back(i);
        }
        const std::vector<std::uint8_t> original = mask_of(elements, changed);
        for (const std::size_t size : {1U, 4U}) {
          std::vector<std::uint8_t> mask = original;
          std::vector<std::uint8_t> positions;
          const std::size_t values = pack_positions(mask, elements, size, positions);
          ASSERT_LE(positions.size(), max_position_bytes(elements));
          ASSERT_LE(positions.size() + values * size, changed.size() * size + max_position_bytes(elements));
          for (std::size_t i = 0; i < mask.size(); ++i) ASSERT_EQ(original[i] & ~mask[i], 0);
          std::vector<std::uint8_t> unpacked(mask.size(), 0xA5);
          ASSERT_EQ(unpack_positions(positions, elements, unpacked), values);
          ASSERT_EQ(unpacked, mask);
        }
      }
    }
  }
}

TEST(ChangeMap, malformed_positions_are_refused) {
  std::vector<std::uint8_t> mask(mask_bytes(1024));
  const auto refused = [&](const std::vector<std::uint8_t>& positions, std::size_t elements) {
    EXPECT_THROW(unpack_positions(positions, elements, mask), CodecError);
  };
  refused({}, 10);                              // no kind
  refused({4}, 10);                             // unknown kind
  refused({0, 0}, 10);                          // one kind too many
  refused({1, 0xFF}, 10);                       // half a mask
  refused({1, 0xFF, 0x07}, 10);                 // a bit behind the end
  refused({1, 0xFF, 0x03, 0}, 10);              // bytes behind the mask
  refused({2}, 10);                             // no runs
  refused({2, 3}, 10);                          // runs do not cover the block
  refused({2, 3, 8}, 10);                       // a run too long
  refused({2, 255, 255, 255, 255, 255}, 1024);  // the same
  refused({2, 255}, 1024);                      // a length without its end
  refused({2, 3, 7, 0}, 10);                    // bytes behind the runs
  EXPECT_EQ(unpack_positions(std::vector<std::uint8_t>{2, 3, 7}, 10, mask), 7U);
}

}  // namespace
}  // namespace edge::net
