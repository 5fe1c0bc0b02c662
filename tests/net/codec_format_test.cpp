// The byte format stays what docs/codec.md says: tests/net/data/codec_v2.bin was written once and must be
// understood for ever. A change of the format needs a new version number and a new file:
//   test_net --gtest_also_run_disabled_tests --gtest_filter=CodecFormat.DISABLED_write
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "net/codec/codec.h"
#include "net/codec/tensor_header.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::Random;

constexpr std::uint64_t golden_base_frame = 0x0123456789ABCDEF;
const char* const codec_golden_file = EDGE_TEST_DATA "/codec_v2.bin";

struct Case {
  Coding coding = Coding::dense;
  Base base;
  Array value;
  bool with_base = true;
};

/// Blocks of all kinds, one after the other: unchanged, a few runs, every second, all.
Array changed_in_blocks(const Array& old, Random& random) {
  FreshArray fresh = allocate_array(old.type(), old.shape());
  std::memcpy(fresh.data, old.data(), old.bytes());
  for (std::size_t i = 0; i < old.elements(); ++i) {
    const std::size_t within = i % 1024;
    const std::size_t block = i / 1024;
    const bool change = block == 1 ? within % 500 < 3 : block == 2 ? within % 2 == 0 : block == 3;
    if (change) fresh.data[i * element_bytes(old.type())] ^= static_cast<std::byte>(1 + random.below(15));
  }
  return fresh.array;
}

/// The tensors in the file.
std::vector<Case> cases() {
  Random random(2024);
  std::vector<Case> all;
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    const Base small{golden_base_frame, test::random_elements(type, Shape{1, 3, 6, 7}, random)};
    all.push_back({Coding::dense, small, small.array, false});
    const Base base{golden_base_frame, test::random_elements(type, Shape{1, 3, 30, 47}, random)};
    all.push_back({Coding::changes, base, changed_in_blocks(base.array, random), true});
    const Coding packed = type == ElementType::u8 ? Coding::predicted_planes : Coding::packed_changes;
    all.push_back({packed, base, test::changed_elements(base.array, 0.3, true, random), true});
    FreshArray smooth = allocate_array(type, Shape{1, 3, 30, 47});
    for (std::size_t i = 0; i < smooth.array.bytes(); ++i) smooth.data[i] = static_cast<std::byte>(i / 64);
    all.push_back({packed, base, smooth.array, false});
  }
  for (const ValueFormat format : {ValueFormat::int8, ValueFormat::float16}) {
    const Coding coding = format == ValueFormat::int8 ? Coding::int8_changes : Coding::float16_changes;
    const Base base{golden_base_frame, test::random_on_grid(Shape{1, 3, 30, 47}, format, random)};
    all.push_back({coding, base, test::changed_elements(base.array, 0.3, true, random), true});
    all.back().value = all.back().value.on_grid(std::make_shared<ValueGrid>(*base.array.grid()));
    all.push_back({coding, base, test::random_on_grid(Shape{1, 3, 30, 47}, format, random), false});
  }
  return all;
}

std::vector<std::byte> encoded(const Case& one) {
  EncodeOptions options{.delta = one.coding != Coding::dense, .isa = kernels::Isa::scalar};
  options.compress = one.coding != Coding::changes;
  options.speeds.link = 1;  // compression always pays
  std::vector<std::byte> bytes;
  EXPECT_EQ(encode(one.value, one.with_base ? &one.base : nullptr, options, bytes).coding, one.coding);
  return bytes;
}

std::vector<std::byte> read_golden() {
  std::ifstream file(codec_golden_file, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(chars.size());
  std::transform(chars.begin(), chars.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

TEST(CodecFormat, DISABLED_write) {
  std::ofstream file(codec_golden_file, std::ios::binary);
  for (const Case& one : cases()) {
    const std::vector<std::byte> bytes = encoded(one);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

TEST(CodecFormat, golden_bytes_are_understood) {
  const std::vector<std::byte> golden = read_golden();
  ASSERT_FALSE(golden.empty()) << codec_golden_file;
  std::span<const std::byte> rest = golden;
  for (const Case& one : cases()) {
    SCOPED_TRACE(static_cast<int>(one.coding));
    const Decoded decoded = decode(rest, one.value.type(), one.value.shape(),
                                   one.with_base ? &one.base : nullptr, kernels::active_isa());
    EXPECT_TRUE(test::same_elements(decoded.array, one.value));
    // zstd's own output may differ from version to version, all else may not
    if (one.coding == Coding::dense || one.coding == Coding::changes) {
      const std::vector<std::byte> now = encoded(one);
      EXPECT_TRUE(std::equal(now.begin(), now.end(), rest.begin(),
                             rest.begin() + static_cast<std::ptrdiff_t>(decoded.consumed)));
    }
    rest = rest.subspan(decoded.consumed);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(CodecFormat, header_is_as_documented) {
  std::vector<std::byte> bytes;
  append_header({.type = ElementType::f32,
                 .coding = Coding::packed_changes,
                 .based = true,
                 .base_frame = golden_base_frame,
                 .payload_bytes = 0x01020304,
                 .shape = Shape{1, 300}},
                bytes);
  std::vector<int> values;
  for (const std::byte byte : bytes) values.push_back(static_cast<int>(byte));
  EXPECT_EQ(values, (std::vector<int>{2,    2,    2,    1,  // version, type, coding, based
                                      4,    3,    2,    1,  // payload
                                      0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01,  // base frame
                                      2,    0,    0,    0,    1,    0,    0,    0,
                                      44,   1,    0,    0}));  // rank, extents
  EXPECT_LE(bytes.size(), max_header_bytes);
}

}  // namespace
}  // namespace edge::net
