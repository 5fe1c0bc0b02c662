// How fast a link is, and what time it is elsewhere.
#include "net/measurements.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

#include "net/clock_offset.h"
#include "net/transfer_meter.h"

namespace edge::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(TransferMeter, LeavesOutWhatTheReceiverHeld) {
  TransferMeter meter;
  const auto start = steady_clock::time_point(milliseconds(1000));
  // Under way for 100 ms, then 400 ms in the receiver's queue.
  const Transfer transfer = meter.acknowledge(5000, start, start + milliseconds(500), 0.4);
  EXPECT_EQ(transfer.bytes, 5000U);
  EXPECT_NEAR(transfer.seconds, 0.1, 1e-9);
}

TEST(TransferMeter, FramesBehindEachOtherShareTheLink) {
  TransferMeter meter;
  const auto start = steady_clock::time_point(milliseconds(1000));
  // Both handed over at once; the second one's transfer begins when the first has arrived.
  meter.acknowledge(1000, start, start + milliseconds(100), 0);
  const Transfer second = meter.acknowledge(3000, start, start + milliseconds(400), 0);
  EXPECT_NEAR(second.seconds, 0.3, 1e-9);
  const Transfer sum = meter.take();
  EXPECT_EQ(sum.bytes, 4000U);
  EXPECT_NEAR(sum.seconds, 0.4, 1e-9);
  EXPECT_EQ(meter.take().bytes, 0U);
}

TEST(TransferMeter, NeverNegative) {
  TransferMeter meter;
  const auto start = steady_clock::time_point(milliseconds(1000));
  EXPECT_GT(meter.acknowledge(10, start, start + milliseconds(1), 5).seconds, 0);
}

TEST(ClockOffset, TheQuickestAnswerCounts) {
  ClockOffset offset;
  EXPECT_FALSE(offset.seconds());
  // The other clock is 100 s ahead. A slow answer whose way back took long says 99.5.
  offset.add(10, 110, 11);
  EXPECT_NEAR(*offset.seconds(), 99.5, 1e-9);
  offset.add(20, 120.001, 20.002);
  EXPECT_NEAR(*offset.seconds(), 100, 1e-9);
  offset.add(30, 130, 32);
  EXPECT_NEAR(*offset.seconds(), 100, 1e-9);
}

TEST(ClockOffset, ForgetsWhatWasLongAgo) {
  ClockOffset offset;
  offset.add(0, 100, 0.001);
  for (int i = 1; i <= 40; ++i) offset.add(i, i + 101, i + 0.01);
  EXPECT_NEAR(*offset.seconds(), 101, 0.01);
}

TEST(ClockOffset, AClockThatHasJumpedIsBelievedAtOnce) {
  ClockOffset offset;
  for (int i = 0; i < 20; ++i) offset.add(i, i + 100, i + 0.001);
  offset.add(20, 120 + 7.5, 20.4);  // a slow answer, but no answer is that slow
  EXPECT_NEAR(*offset.seconds(), 107.3, 0.01);
  EXPECT_EQ(offset.samples(), 1U);
  offset.add(21, 128.5, 21.001);
  EXPECT_NEAR(*offset.seconds(), 107.5, 0.001);
  offset.add(22, 29.5, 22.001);
  EXPECT_NEAR(*offset.seconds(), 7.5, 0.001) << "backwards";
}

TEST(ClockOffset, AnAnswerFromBeforeTheQuestionIsNone) {
  ClockOffset offset;
  offset.add(10, 110, 9);
  EXPECT_FALSE(offset.seconds());
}

TEST(Measurements, RoundTrip) {
  const auto [to, transfer] =
      parse_transfer(transfer_message({.to = 3, .transfer = {.bytes = 12345, .seconds = 0.25}}));
  EXPECT_EQ(to, 3);
  EXPECT_EQ(transfer.bytes, 12345U);
  EXPECT_EQ(transfer.seconds, 0.25);
  const ClockQuestion question =
      parse_clock_question(clock_message(ClockQuestion{.asked = 3, .offset = -7.5}));
  EXPECT_EQ(question.asked, 3);
  EXPECT_EQ(question.offset, -7.5);
  EXPECT_FALSE(parse_clock_question(clock_message(ClockQuestion{.asked = 3, .offset = {}})).offset);
  const ClockAnswer answer = parse_clock_answer(clock_message(ClockAnswer{.asked = 3, .clock = 9}));
  EXPECT_EQ(answer.asked, 3);
  EXPECT_EQ(answer.clock, 9);
}

TEST(Measurements, ImpossibleOnesEndTheConnection) {
  const auto message = [](const nlohmann::json& value) {
    return Message{.type = MessageType::transfer, .payload = to_cbor(value)};
  };
  EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", 0}, {"seconds", 1.0}})), ConnectionLost);
  EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", 1}, {"seconds", 0.0}})), ConnectionLost);
  EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", 1}, {"seconds", -1.0}})), ConnectionLost);
  EXPECT_THROW(parse_transfer(
                   message({{"to", 1}, {"bytes", 1}, {"seconds", std::numeric_limits<double>::quiet_NaN()}})),
               ConnectionLost);
  EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", 1}})), ConnectionLost);
  for (const double seconds : {1e-300, 1e-17, 1e9, 1e300}) {
    EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", 1000}, {"seconds", seconds}})), ConnectionLost)
        << seconds;
  }
  for (const nlohmann::json& bytes : {nlohmann::json(-5), nlohmann::json(1e300), nlohmann::json(2.5),
                                      nlohmann::json(std::uint64_t{1} << 63U), nlohmann::json(true)}) {
    EXPECT_THROW(parse_transfer(message({{"to", 1}, {"bytes", bytes}, {"seconds", 1.0}})), ConnectionLost)
        << bytes;
  }
  EXPECT_NO_THROW(parse_transfer(message({{"to", 1}, {"bytes", 1'300'000}, {"seconds", 1e-6}})))
      << "within a device";
  EXPECT_THROW(parse_clock_answer(message({{"asked", 1}, {"clock", 1e300}})), ConnectionLost);
  EXPECT_THROW(parse_clock_question(message({{"asked", "now"}})), ConnectionLost);
}

}  // namespace
}  // namespace edge::net
