#include "net/message.h"

#include <gtest/gtest.h>

#include <random>

#include "net/crc32c.h"

namespace edge::net {
namespace {

Message sample() {
  Message message{
      .type = MessageType::frame, .flags = flag_restart, .frame = 0x1122334455667788, .payload = {}};
  for (int i = 0; i < 5; ++i) message.payload.push_back(static_cast<std::byte>(i));
  return message;
}

TEST(Message, HeaderLayoutIsTheDocumentedOne) {
  const auto bytes = pack_header(sample());
  const std::array<int, 20> expected = {'E',  'D',  'G',  'E',  5,    0,    5, 1, 0x88, 0x77,
                                        0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 5, 0, 0,    0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(static_cast<int>(bytes[i]), expected[i]) << i;
}

TEST(Message, HeaderRoundTrip) {
  const Message message = sample();
  const auto bytes = pack_header(message);
  const Header header = parse_header(bytes, 5);
  EXPECT_EQ(header.type, message.type);
  EXPECT_EQ(header.flags, message.flags);
  EXPECT_EQ(header.frame, message.frame);
  EXPECT_EQ(header.payload_bytes, 5U);
  EXPECT_NO_THROW(check_crc(header, bytes, message.payload));
}

TEST(Message, EveryFlippedBitIsNoticed) {
  const Message message = sample();
  const auto good = pack_header(message);
  for (std::size_t bit = 0; bit < 8 * (good.size() + message.payload.size()); ++bit) {
    auto bytes = good;
    auto payload = message.payload;
    std::byte& victim = bit < 8 * good.size() ? bytes[bit / 8] : payload[bit / 8 - good.size()];
    victim ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_THROW(
        {
          const Header header = parse_header(bytes, 64);
          payload.resize(header.payload_bytes);
          check_crc(header, bytes, payload);
        },
        ConnectionLost)
        << bit;
  }
}

TEST(Message, ALengthThatLiesIsNoticedBeforeItIsWaitedFor) {
  const auto good = pack_header(sample());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const bool in_payload_crc = bit / 8 >= 24;
    if (in_payload_crc) continue;
    EXPECT_THROW(parse_header(bytes, SIZE_MAX), ConnectionLost) << bit;
  }
}

TEST(Message, TextsOfPeersArePrintable) {
  EXPECT_EQ(text_from("a\n\x1b[2J"), "a\\n\\x1b[2J");
  EXPECT_LE(text_from(std::string(60000, 'x')).size(), 500U);
  EXPECT_THROW(text_from(1), nlohmann::json::exception);
}

TEST(Message, FarewellSaysWhatThePeerDid) {
  const PeerLeft left = parse_farewell(farewell_message("finished"));
  EXPECT_STREQ(left.what(), "it finished");
  EXPECT_EQ(left.verb(), "finished");
  EXPECT_THROW(parse_farewell({.type = MessageType::farewell, .payload = {}}), ConnectionLost);
}

TEST(Message, LengthIsCheckedAgainstTheLimit) {
  const auto bytes = pack_header(sample());
  EXPECT_THROW(parse_header(bytes, 4), ConnectionLost);
}

TEST(Message, OtherVersionIsNamed) {
  auto bytes = pack_header(sample());
  bytes[4] = std::byte{9};
  try {
    parse_header(bytes, 64);
    FAIL() << "accepted";
  } catch (const VersionMismatch& error) {
    EXPECT_NE(std::string(error.what()).find("version 9"), std::string::npos) << error.what();
  }
}

TEST(Message, CborRoundTripAndGarbage) {
  const nlohmann::json value = {{"a", 1}, {"b", {1.5, "x"}}};
  EXPECT_EQ(from_cbor(to_cbor(value)), value);
  EXPECT_THROW(from_cbor({}), ConnectionLost);
  EXPECT_THROW(from_cbor(to_cbor(nlohmann::json::array({1}))), ConnectionLost);
  const std::vector<std::byte> nested(max_control_bytes, std::byte{0x81});  // [[[[...
  EXPECT_THROW(from_cbor(nested), ConnectionLost) << "would overflow the parser's stack";
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> bytes(random() % 40);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    try {
      EXPECT_TRUE(from_cbor(bytes).is_object());
    } catch (const ConnectionLost&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace edge::net
