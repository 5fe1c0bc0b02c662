// The messages stay what docs/wire.md says. A change of them needs a new protocol version:
//   test_net --gtest_also_run_disabled_tests --gtest_filter=GoldenMessages.DISABLED_write
#include "tests/net/golden_messages.h"

#include <gtest/gtest.h>

#include "net/handshake.h"
#include "net/link_frame.h"
#include "net/measurements.h"

namespace edge::net {
namespace {

const std::string golden_file = EDGE_TEST_DATA "/messages_v5.txt";

Identity identity() {
  return {.role = "worker",
          .index = 3,
          .instance = 0x123456789abcdef0,
          .software_version = "0.1.0",
          .model_hash = "0011aabb",
          .model = "alexnet, 480x720, seed 1",
          .isa = "armv7 neon"};
}

const std::vector<std::byte> opaque = {std::byte{1}, std::byte{2}, std::byte{3}};
const std::vector<std::byte> codec_bytes = {std::byte{0xff}, std::byte{0}};

test::NamedMessages messages() {
  return {
      {"hello", pack(Hello{.identity = identity(),
                           .purpose = Purpose::link,
                           .wanted_role = "worker",
                           .wanted_index = 4,
                           .timeout = std::chrono::milliseconds(2500)})},
      {"welcome",
       pack(Welcome{
           .identity = identity(), .window_frames = 4, .timeout = std::chrono::milliseconds(600000)})},
      {"refusal", pack(Refusal{.reason = "worker 3 is busy", .final = false})},
      {"frame",
       {.type = MessageType::frame,
        .flags = flag_restart | flag_bases,
        .frame = 99,
        .payload = pack_frame({.sequence = 0x1122334455, .header = opaque, .arrays = codec_bytes})}},
      {"ack",
       pack(MessageType::ack, 99, {.sequence = 0x1122334455, .held_s = 0.25, .decompress_bytes_per_s = 4e8})},
      {"need_full", pack(MessageType::need_full, 99, {.sequence = 7, .held_s = 0.5})},
      {"farewell", farewell_message("finished")},
      {"transfer", transfer_message({.to = 2, .transfer = {.bytes = 65536, .seconds = 0.125}})},
      {"clock_question", clock_message(ClockQuestion{.asked = 1.5, .offset = -2.25})},
      {"clock_first_question", clock_message(ClockQuestion{.asked = 1.5, .offset = {}})},
      {"clock_answer", clock_message(ClockAnswer{.asked = 1.5, .clock = 1000.5})},
  };
}

TEST(GoldenMessages, DISABLED_write) {
  test::write_golden(golden_file, messages());
}

TEST(GoldenMessages, AreWrittenAsBefore) {
  test::expect_golden(golden_file, messages());
}

TEST(GoldenMessages, AreUnderstood) {
  const std::map<std::string, std::string> golden = test::read_golden(golden_file);
  const auto read = [&](const char* name) { return test::message_of(golden.at(name)); };
  const Hello hello = parse_hello(read("hello"));
  EXPECT_EQ(hello.identity.instance, identity().instance);
  EXPECT_EQ(hello.wanted_index, 4);
  EXPECT_EQ(hello.timeout.count(), 2500);
  EXPECT_EQ(parse_welcome(read("welcome")).window_frames, 4);
  EXPECT_EQ(parse_refusal(read("refusal")).reason, "worker 3 is busy");
  const Message frame = read("frame");
  const FramePayload payload = parse_frame(frame);
  EXPECT_EQ(payload.sequence, 0x1122334455U);
  EXPECT_TRUE(std::equal(payload.header.begin(), payload.header.end(), opaque.begin(), opaque.end()));
  EXPECT_TRUE(
      std::equal(payload.arrays.begin(), payload.arrays.end(), codec_bytes.begin(), codec_bytes.end()));
  EXPECT_EQ(parse_acknowledgement(read("ack")).held_s, 0.25);
  EXPECT_EQ(parse_acknowledgement(read("need_full")).sequence, 7U);
  EXPECT_EQ(parse_farewell(read("farewell")).verb(), "finished");
  EXPECT_EQ(parse_transfer(read("transfer")).to, 2);
  EXPECT_EQ(parse_transfer(read("transfer")).transfer.bytes, 65536U);
  EXPECT_EQ(parse_clock_question(read("clock_question")).offset, -2.25);
  EXPECT_FALSE(parse_clock_question(read("clock_first_question")).offset);
  EXPECT_EQ(parse_clock_answer(read("clock_answer")).clock, 1000.5);
}

TEST(FramePayload, LengthsThatLieAreNoticed) {
  Message message{.type = MessageType::frame, .payload = pack_frame({.sequence = 1, .header = opaque})};
  EXPECT_NO_THROW(parse_frame(message));
  message.payload[8] = std::byte{200};
  EXPECT_THROW(parse_frame(message), ConnectionLost);
  message.payload.resize(11);
  EXPECT_THROW(parse_frame(message), ConnectionLost);
  message.payload.resize(3);
  EXPECT_THROW(parse_frame(message), ConnectionLost);
  const std::vector<std::byte> long_header(max_control_bytes + 1);
  EXPECT_THROW(parse_frame({.type = MessageType::frame, .payload = pack_frame({.header = long_header})}),
               ConnectionLost);
}

TEST(Acknowledgement, ImpossibleNumbersAreRefused) {
  const auto parsed = [](const Acknowledgement& acknowledgement) {
    return parse_acknowledgement(pack(MessageType::ack, 1, acknowledgement));
  };
  EXPECT_NO_THROW(parsed({.sequence = 1, .held_s = 0, .decompress_bytes_per_s = 0}));
  EXPECT_THROW(parsed({.sequence = 1, .held_s = -1}), ConnectionLost);
  EXPECT_THROW(parsed({.sequence = 1, .held_s = 1e7}), ConnectionLost);
  EXPECT_THROW(parsed({.sequence = 1, .held_s = std::nan("")}), ConnectionLost);
  EXPECT_THROW(parsed({.sequence = 1, .decompress_bytes_per_s = -1}), ConnectionLost);
  EXPECT_THROW(parsed({.sequence = 1, .decompress_bytes_per_s = HUGE_VAL}), ConnectionLost);
  EXPECT_THROW(parse_acknowledgement({.type = MessageType::ack, .payload = to_cbor({{"sequence", 1}})}),
               ConnectionLost);
}

}  // namespace
}  // namespace edge::net
