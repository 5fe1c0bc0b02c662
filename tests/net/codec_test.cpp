#include "net/codec/codec.h"

#include <gtest/gtest.h>

#include <map>

#include "net/codec/decoder.h"
#include "net/codec/encoder.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::changed_elements;
using test::Random;
using test::random_elements;
using test::same_elements;

constexpr std::uint64_t base_frame = 41;
constexpr double slow_link = 1;             // compression always pays
constexpr double fast_link = 1e15;          // and never here
constexpr std::size_t bytes_in_front = 80;  // headers, lengths and counts

const std::vector<Shape> shapes{Shape{1, 3, 24, 36},
                                Shape{1, 16, 5, 9},
                                Shape{1, 2, 48, 64},
                                Shape{1, 1000},
                                Shape{1, 1},
                                Shape{1, 64, 1, 1},
                                Shape{7},
                                Shape{},
                                Shape{2, 3, 4, 5, 6}};

EncodeOptions options_for(kernels::Isa isa, bool delta, bool compress, double link) {
  return {.delta = delta, .compress = compress, .speeds = {.link = link}, .isa = isa};
}

/// All ways to encode that are to be tested.
std::vector<EncodeOptions> all_options() {
  std::vector<EncodeOptions> all;
  for (const kernels::Isa isa : test::supported_isas()) {
    all.push_back(options_for(isa, false, true, slow_link));
    all.push_back(options_for(isa, true, false, slow_link));
    all.push_back(options_for(isa, true, true, slow_link));
    all.push_back(options_for(isa, true, true, fast_link));
  }
  return all;
}

TEST(Codec, round_trips_are_exact) {
  Random random(1);
  std::map<Coding, int> seen;
  for (const EncodeOptions& options : all_options()) {
    Encoder encoder(options);
    Decoder decoder(options.isa);
    for (const ElementType type : {ElementType::u8, ElementType::f32}) {
      for (const Shape& shape : shapes) {
        for (const double rate : {0.0, 0.003, 0.1, 0.5, 0.95, 1.0}) {
          const Base base{base_frame, random_elements(type, shape, random)};
          const Array value = changed_elements(base.array, rate, random.below(2) == 0, random);
          for (const Base* held : {&base, static_cast<const Base*>(nullptr)}) {
            std::vector<std::byte> bytes(random.below(4), std::byte{9});  // appended, at any alignment
            const std::size_t start = bytes.size();
            const EncodeStatistics statistics = encoder.encode(value, held, bytes);
            ASSERT_EQ(statistics.encoded_bytes, bytes.size() - start);
            ASSERT_LE(statistics.encoded_bytes, max_encoded_bytes(type, shape));
            ASSERT_EQ(statistics.elements, value.elements());
            ASSERT_EQ(statistics.raw_float_bytes, value.elements() * 4);
            ++seen[statistics.coding];
            const std::size_t encoded = bytes.size();
            bytes.resize(bytes.size() + random.below(3), std::byte{7});  // the next tensor
            const auto input = std::span<const std::byte>(bytes).subspan(start);
            const Decoded decoded = decoder.decode(input, type, shape, held);
            ASSERT_EQ(decoded.consumed, encoded - start);
            ASSERT_TRUE(same_elements(decoded.array, value)) << shape.to_string() << " rate " << rate;
          }
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 4U) << "not all codings were used";
}

TEST(Codec, counts_changed_elements) {
  Random random(2);
  const Shape shape{1, 3, 16, 16};
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    const Base base{base_frame, random_elements(type, shape, random)};
    FreshArray value = allocate_array(type, shape);
    std::memcpy(value.data, base.array.data(), base.array.bytes());
    for (const std::size_t i : {3U, 100U, 767U}) value.data[i * element_bytes(type)] ^= std::byte{0x10};
    std::vector<std::byte> bytes;
    Encoder encoder({.isa = kernels::Isa::scalar});
    EXPECT_EQ(encoder.encode(value.array, &base, bytes).changed_elements, 3U);
    EXPECT_EQ(encoder.encode(value.array, nullptr, bytes).changed_elements, 768U);
  }
}

TEST(Codec, mode_full_sends_every_element_raw) {
  Random random(3);
  const Shape shape{1, 3, 16, 20};
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    const Base base{base_frame, random_elements(type, shape, random)};
    std::vector<std::byte> bytes;
    Encoder encoder(options_for(kernels::Isa::scalar, false, true, slow_link));
    const EncodeStatistics statistics = encoder.encode(base.array, &base, bytes);
    EXPECT_EQ(statistics.coding, Coding::dense);
    EXPECT_GE(statistics.encoded_bytes, base.array.bytes());
    // and nobody needs a base for it
    EXPECT_TRUE(same_elements(decode(bytes, type, shape, nullptr, kernels::Isa::scalar).array, base.array));
  }
}

TEST(Codec, unchanged_tensors_take_next_to_nothing) {
  Random random(4);
  const Base base{base_frame, random_elements(ElementType::f32, Shape{1, 16, 64, 64}, random)};
  std::vector<std::byte> bytes;
  const EncodeStatistics statistics = encode(base.array, &base, {.isa = kernels::Isa::scalar}, bytes);
  EXPECT_EQ(statistics.changed_elements, 0U);
  EXPECT_LT(statistics.encoded_bytes, 200U);
}

TEST(Codec, compresses_when_the_link_is_slow_and_not_when_it_is_fast) {
  Random random(5);
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    const Base base{base_frame, random_elements(type, Shape{1, 3, 64, 64}, random)};
    const Array value = changed_elements(base.array, 0.5, true, random);
    std::vector<std::byte> slow;
    std::vector<std::byte> fast;
    encode(value, &base, options_for(kernels::Isa::scalar, true, true, slow_link), slow);
    const EncodeStatistics statistics =
        encode(value, &base, options_for(kernels::Isa::scalar, true, true, fast_link), fast);
    EXPECT_EQ(statistics.coding, Coding::changes);
    EXPECT_LT(slow.size(), fast.size());
    EXPECT_LT(fast.size(), value.bytes());
  }
}

TEST(Codec, follows_the_speeds_that_it_is_told) {
  Random random(6);
  const Base base{base_frame, random_elements(ElementType::u8, Shape{1, 3, 128, 128}, random)};
  const Array value = changed_elements(base.array, 0.5, true, random);
  Encoder encoder(options_for(kernels::Isa::scalar, true, true, fast_link));
  std::vector<std::byte> bytes;
  EXPECT_EQ(encoder.encode(value, &base, bytes).coding, Coding::changes);
  encoder.set_link_speed(slow_link);
  EXPECT_EQ(encoder.encode(value, &base, bytes).coding, Coding::predicted_planes);
  EXPECT_NE(encoder.speeds().compress, CodecSpeeds{}.compress) << "a run is measured";
  encoder.set_link_speed(1e6);
  encoder.set_decompress_speed(1e5);
  EXPECT_EQ(encoder.encode(value, &base, bytes).coding, Coding::changes);

  Decoder decoder(kernels::Isa::scalar);
  EXPECT_EQ(decoder.decompress_speed(), 0);
  std::span<const std::byte> rest = bytes;
  while (!rest.empty()) {
    const Decoded decoded = decoder.decode(rest, ElementType::u8, value.shape(), &base);
    EXPECT_TRUE(same_elements(decoded.array, value));
    rest = rest.subspan(decoded.consumed);
  }
  EXPECT_GT(decoder.decompress_speed(), 0);
}

TEST(Codec, incompressible_tensors_stay_dense) {
  Random random(7);
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    FreshArray noise = allocate_array(type, Shape{1, 3, 32, 32});
    for (std::size_t i = 0; i < noise.array.bytes(); ++i)
      noise.data[i] = static_cast<std::byte>(random.next());
    std::vector<std::byte> bytes;
    const EncodeStatistics statistics =
        encode(noise.array, nullptr, options_for(kernels::Isa::scalar, true, true, slow_link), bytes);
    EXPECT_EQ(statistics.coding, Coding::dense);
    EXPECT_LE(bytes.size(), max_encoded_bytes(type, noise.array.shape()));
  }
}

TEST(Codec, frames_that_have_nothing_to_do_with_their_base_are_predicted_from_themselves) {
  // a gradient after noise: a cut in the video
  Random random(8);
  const Shape shape{1, 3, 64, 64};
  const Base base{base_frame, random_elements(ElementType::u8, shape, random)};
  FreshArray gradient = allocate_array(ElementType::u8, shape);
  for (std::size_t i = 0; i < gradient.array.elements(); ++i)
    gradient.data[i] = static_cast<std::byte>(i % 4096 / 32);
  std::vector<std::byte> bytes;
  const EncodeOptions options = options_for(kernels::Isa::scalar, true, true, slow_link);
  EXPECT_LT(encode(gradient.array, &base, options, bytes).encoded_bytes, 1000U);
  EXPECT_TRUE(same_elements(decode(bytes, ElementType::u8, shape, nullptr, kernels::Isa::scalar).array,
                            gradient.array));
}

TEST(Codec, nothing_drifts_over_hundreds_of_frames) {
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    for (const double link : {slow_link, 1e7, fast_link}) {
      Random random(9);
      const kernels::Isa isa = kernels::active_isa();
      const Shape shape{1, 3, 20, 28};
      Encoder encoder(options_for(isa, true, true, link));
      Decoder decoder(isa);
      Array value = random_elements(type, shape, random);
      Base sent;
      Base held;
      for (std::uint64_t frame = 0; frame < 300; ++frame) {
        const bool restart = frame % 97 == 0;  // plan change: whole
        std::vector<std::byte> bytes;
        encoder.encode(value, restart ? nullptr : &sent, bytes);
        const Decoded decoded = decoder.decode(bytes, type, shape, restart ? nullptr : &held);
        ASSERT_TRUE(same_elements(decoded.array, value)) << "frame " << frame;
        sent = {frame, value};
        held = {frame, decoded.array};
        const double rate = frame % 50 == 49 ? 1.0 : static_cast<double>(frame % 7) / 10;
        value = changed_elements(value, rate, frame % 3 != 0, random);
      }
    }
  }
}

TEST(Codec, asks_for_the_whole_tensor_without_the_right_base) {
  Random random(10);
  for (const bool compress : {false, true}) {
    for (const ElementType type : {ElementType::u8, ElementType::f32}) {
      const Shape shape{1, 3, 32, 32};
      const Base base{base_frame, random_elements(type, shape, random)};
      const Array value = changed_elements(base.array, 0.05, true, random);
      std::vector<std::byte> bytes;
      encode(value, &base, options_for(kernels::Isa::scalar, true, compress, slow_link), bytes);
      Decoder decoder(kernels::Isa::scalar);
      EXPECT_THROW(decoder.decode(bytes, type, shape, nullptr), NeedFull);
      const Base newer{base_frame + 1, base.array};
      EXPECT_THROW(decoder.decode(bytes, type, shape, &newer), NeedFull);
      const Base nothing{base_frame, {}};
      EXPECT_THROW(decoder.decode(bytes, type, shape, &nothing), NeedFull);
      EXPECT_TRUE(same_elements(decoder.decode(bytes, type, shape, &base).array, value));
    }
  }
}

TEST(Codec, refuses_other_types_and_shapes_than_the_model_says) {
  Random random(11);
  const Shape shape{1, 3, 8, 8};
  std::vector<std::byte> bytes;
  encode(random_elements(ElementType::f32, shape, random), nullptr, {.isa = kernels::Isa::scalar}, bytes);
  Decoder decoder(kernels::Isa::scalar);
  EXPECT_THROW(decoder.decode(bytes, ElementType::u8, shape, nullptr), CodecError);
  EXPECT_THROW(decoder.decode(bytes, ElementType::f32, Shape{1, 3, 8, 9}, nullptr), CodecError);
  EXPECT_THROW(decoder.decode(bytes, ElementType::f32, Shape{1, 3, 64}, nullptr), CodecError);
  EXPECT_NO_THROW(decoder.decode(bytes, ElementType::f32, shape, nullptr));
  bytes[0] = std::byte{1};
  EXPECT_THROW(decoder.decode(bytes, ElementType::f32, shape, nullptr), CodecError);
}

TEST(Codec, tensors_without_elements_are_possible) {
  const FreshArray none = allocate_array(ElementType::f32, Shape{1, 0, 4, 4});
  std::vector<std::byte> bytes;
  encode(none.array, nullptr, {.isa = kernels::Isa::scalar}, bytes);
  const Decoded decoded = decode(bytes, ElementType::f32, none.array.shape(), nullptr, kernels::Isa::scalar);
  EXPECT_EQ(decoded.array.shape(), none.array.shape());
  EXPECT_EQ(decoded.consumed, bytes.size());
}

/// Encodings of all kinds, with their base.
struct Sample {
  Base base;
  Array value;
  std::vector<std::byte> bytes;
};
std::vector<Sample> samples() {
  Random random(12);
  std::vector<Sample> all;
  for (const ElementType type : {ElementType::u8, ElementType::f32}) {
    for (const double rate : {0.01, 0.4}) {
      for (const EncodeOptions& options : {options_for(kernels::Isa::scalar, false, false, slow_link),
                                           options_for(kernels::Isa::scalar, true, false, slow_link),
                                           options_for(kernels::Isa::scalar, true, true, slow_link)}) {
        Sample sample{.base = {base_frame, random_elements(type, Shape{1, 3, 18, 25}, random)},
                      .value = {},
                      .bytes = {}};
        sample.value = changed_elements(sample.base.array, rate, true, random);
        encode(sample.value, &sample.base, options, sample.bytes);
        all.push_back(std::move(sample));
      }
    }
  }
  return all;
}

TEST(Codec, every_truncation_is_an_error) {
  for (const Sample& sample : samples()) {
    const Shape& shape = sample.value.shape();
    Decoder decoder(kernels::Isa::scalar);
    for (std::size_t length = 0; length < sample.bytes.size(); length += length < 200 ? 1 : 13) {
      // a copy of exactly this length, so that a sanitizer sees every byte read too far
      const std::vector<std::byte> cut(sample.bytes.begin(),
                                       sample.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_THROW(decoder.decode(cut, sample.value.type(), shape, &sample.base), CodecError);
    }
    EXPECT_TRUE(same_elements(decoder.decode(sample.bytes, sample.value.type(), shape, &sample.base).array,
                              sample.value));
  }
}

TEST(Codec, damaged_bytes_never_do_harm) {
  Random random(13);
  for (const Sample& sample : samples()) {
    Decoder decoder(kernels::Isa::scalar);
    const auto survives = [&](const std::vector<std::byte>& bytes) {
      try {
        const Decoded decoded =
            decoder.decode(bytes, sample.value.type(), sample.value.shape(), &sample.base);
        // damage within values cannot be seen here: the message's CRC finds it
        ASSERT_EQ(decoded.array.shape(), sample.value.shape());
        ASSERT_LE(decoded.consumed, bytes.size());
      } catch (const CodecError&) {
      } catch (const NeedFull&) {
      }
    };
    for (int round = 0; round < 400; ++round) {
      std::vector<std::byte> bytes = sample.bytes;
      for (std::size_t n = 1 + random.below(3); n > 0; --n) {
        // mostly in front, where lengths and counts are
        const std::size_t at = random.below(random.below(2) == 0 ? 80 : bytes.size());
        bytes[std::min(at, bytes.size() - 1)] = static_cast<std::byte>(random.next());
      }
      survives(bytes);
    }
    for (std::size_t at = 36; at + 4 <= std::min<std::size_t>(bytes_in_front, sample.bytes.size()); at += 4) {
      for (const std::uint32_t value : {0U, 1U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
        std::vector<std::byte> bytes = sample.bytes;
        std::memcpy(&bytes[at], &value, 4);
        survives(bytes);
      }
    }
    EXPECT_TRUE(same_elements(
        decoder.decode(sample.bytes, sample.value.type(), sample.value.shape(), &sample.base).array,
        sample.value));
  }
}

}  // namespace
}  // namespace edge::net
