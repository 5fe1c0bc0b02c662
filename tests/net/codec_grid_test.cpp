// Tensors on a grid: whatever their values, what is decoded is what was encoded; bytes that cannot be are
// refused.
#include <gtest/gtest.h>

#include <memory>

#include "engine/bytes.h"
#include "net/codec/decoder.h"
#include "net/codec/encoder.h"
#include "net/codec/grid_codes.h"
#include "net/codec/tensor_header.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::Random;

const std::vector<Shape> grid_shapes{{1, 3, 30, 47}, {1, 5, 4, 4}, {1, 7, 3, 3}, {1, 300}, {1, 2, 1000}};

class CodecOfGrids : public ::testing::TestWithParam<ValueFormat> {
 protected:
  static Array on_grid_of(const Array& array, const Array& other) {
    return array.on_grid(std::make_shared<ValueGrid>(*other.grid()));
  }
};

TEST_P(CodecOfGrids, GivesBackEveryBit) {
  Random random(1);
  for (const kernels::Isa isa : test::supported_isas()) {
    for (const Shape& shape : grid_shapes) {
      for (const double rate : {0.0, 0.02, 0.3, 1.0}) {
        for (const bool close : {false, true}) {
          for (const int options_of : {0, 1, 2}) {
            SCOPED_TRACE(shape.to_string() + ", rate " + std::to_string(rate));
            const EncodeOptions options{
                .delta = options_of > 0, .compress = options_of == 2, .speeds = {.link = 1}, .isa = isa};
            const Base base{7, test::random_on_grid(shape, GetParam(), random)};
            const Array value =
                on_grid_of(test::changed_elements(base.array, rate, close, random), base.array);
            for (const Base* held : {static_cast<const Base*>(nullptr), &base}) {
              std::vector<std::byte> bytes;
              encode(value, held, options, bytes);
              EXPECT_LE(bytes.size(), max_encoded_bytes(ElementType::f32, shape));
              const Decoded decoded = decode(bytes, ElementType::f32, shape, held, isa);
              EXPECT_TRUE(test::same_elements(decoded.array, value));
              EXPECT_EQ(decoded.consumed, bytes.size());
            }
          }
        }
      }
    }
  }
}

TEST_P(CodecOfGrids, StepsMayChange) {
  Random random(2);
  const Shape shape{1, 4, 20, 20};
  for (int i = 0; i < 20; ++i) {
    const Base base{7, test::random_on_grid(shape, GetParam(), random)};
    const Array value = test::random_on_grid(shape, GetParam(), random);
    std::vector<std::byte> bytes;
    encode(value, &base, {.speeds = {.link = 1}}, bytes);
    const Decoded decoded = decode(bytes, ElementType::f32, shape, &base, kernels::active_isa());
    EXPECT_TRUE(test::same_elements(decoded.array, value));
    if (decoded.array.grid() == nullptr) continue;  // too many changed by too much
    EXPECT_EQ(decoded.array.grid()->steps, value.grid()->steps);
    EXPECT_EQ(decoded.array.grid()->is_signed, value.grid()->is_signed);
  }
}

TEST_P(CodecOfGrids, TakesLittle) {
  Random random(3);
  const Shape shape{1, 16, 64, 64};
  const Array value = test::random_on_grid(shape, GetParam(), random);
  const std::size_t elements = value.elements();
  std::vector<std::byte> whole;
  EXPECT_NE(encode(value, nullptr, {.delta = false}, whole).coding, Coding::dense);
  EXPECT_LT(whole.size(), elements * (grid_planes(GetParam()) + 1));
  const Base base{7, value};
  std::vector<std::byte> unchanged;
  const EncodeStatistics statistics = encode(value, &base, {.speeds = {.link = 1}}, unchanged);
  EXPECT_EQ(statistics.changed_elements, 0U);
  EXPECT_LT(unchanged.size(), 300U);
}

TEST_P(CodecOfGrids, DamagedBytesAreRefusedOrDecoded) {
  Random random(4);
  const Shape shape{1, 3, 30, 47};
  const Base base{7, test::random_on_grid(shape, GetParam(), random)};
  const Array value = on_grid_of(test::changed_elements(base.array, 0.3, true, random), base.array);
  for (const bool compress : {false, true}) {
    std::vector<std::byte> bytes;
    encode(value, &base, {.compress = compress, .speeds = {.link = 1}}, bytes);
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); at += at < 200 ? 1 : 37) {
      std::vector<std::byte> damaged = bytes;
      damaged[at] ^= static_cast<std::byte>(1 + random.below(255));
      try {
        const Decoded decoded = decode(damaged, ElementType::f32, shape, &base, kernels::active_isa());
        EXPECT_EQ(decoded.array.shape(), shape);
      } catch (const CodecError&) {
        ++refused;
      } catch (const NeedFull&) {
        ++refused;
      }
      damaged = bytes;
      damaged.resize(at);
      EXPECT_THROW(decode(damaged, ElementType::f32, shape, &base, kernels::active_isa()), Error);
    }
    EXPECT_GT(refused, 30);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, CodecOfGrids, ::testing::Values(ValueFormat::float16, ValueFormat::int8),
                         [](const auto& test) { return std::string(value_format_name(test.param)); });

TEST(GridBytes, ImpossibleOnesAreRefused) {
  ValueGrid grid{.format = ValueFormat::int8, .steps = {0, -3}, .is_signed = {1, 0}};
  const ValueGrid back = grid_from(to_bytes(grid), ValueFormat::int8);
  EXPECT_EQ(back.steps, grid.steps);
  EXPECT_EQ(back.is_signed, grid.is_signed);
  grid.steps[1] = 121;
  EXPECT_THROW(grid_from(to_bytes(grid), ValueFormat::int8), CodecError);
  grid.steps[1] = -121;
  EXPECT_THROW(grid_from(to_bytes(grid), ValueFormat::int8), CodecError);
  grid.steps[1] = 0;
  grid.is_signed[1] = 2;
  EXPECT_THROW(grid_from(to_bytes(grid), ValueFormat::int8), CodecError);
}

TEST(PairedDifferences, AreTheInverseOfSeparated) {
  Random random(5);
  for (const std::size_t count : {0U, 1U, 2U, 7U, 1000U}) {
    std::vector<std::uint8_t> differences(count);
    for (std::uint8_t& one : differences) {
      one = static_cast<std::uint8_t>(random.below(4) == 0 ? random.next() : random.below(7) - 3);
    }
    std::vector<std::uint8_t> pairs;
    std::vector<std::uint8_t> extras;
    pair_differences(differences, pairs, extras);
    EXPECT_EQ(pairs.size(), (count + 1) / 2);
    std::vector<std::uint8_t> back(count);
    separate_pairs(pairs, extras, back);
    EXPECT_EQ(back, differences);
    extras.push_back(200);
    EXPECT_THROW(separate_pairs(pairs, extras, back), CodecError);
  }
  std::vector<std::uint8_t> back(2);
  EXPECT_THROW(separate_pairs(std::vector<std::uint8_t>{0xFF}, std::vector<std::uint8_t>{20}, back),
               CodecError);
}

}  // namespace
}  // namespace edge::net
