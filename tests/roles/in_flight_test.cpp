#include "roles/master/in_flight.h"

#include <gtest/gtest.h>

#include <future>

namespace edge {
namespace {

using namespace std::chrono_literals;
using Next = InFlight::Next;

FrameUnderWay frame(std::uint64_t number) {
  FrameUnderWay frame;
  frame.frame = number;
  return frame;
}

chain::Result result(std::uint64_t number) {
  return {.frame = number, .run = {}};
}

TEST(InFlight, KeepsAtMostPendingFramesUnderWay) {
  InFlight in_flight(2);
  in_flight.set_complete(true);
  for (std::uint64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(in_flight.wait_for_work(), Next::send);
    in_flight.add(frame(i));
  }
  auto next = std::async(std::launch::async, [&] { return in_flight.wait_for_work(); });
  EXPECT_EQ(next.wait_for(50ms), std::future_status::timeout);
  EXPECT_TRUE(in_flight.finish(result(1)));
  EXPECT_EQ(next.get(), Next::send);
}

TEST(InFlight, DeliversInOrderExactlyOnce) {
  InFlight in_flight(3);
  in_flight.set_complete(true);
  for (std::uint64_t i = 0; i < 3; ++i) in_flight.add(frame(i));
  EXPECT_TRUE(in_flight.finish(result(2)));
  EXPECT_TRUE(in_flight.finish(result(0)));
  EXPECT_FALSE(in_flight.finish(result(0))) << "a second result of the same frame";
  EXPECT_FALSE(in_flight.finish(result(9))) << "a frame that was never sent";
  EXPECT_TRUE(in_flight.finish(result(1)));
  in_flight.end_of_input();
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(in_flight.next_finished()->frame, i);
  EXPECT_FALSE(in_flight.next_finished());
  EXPECT_FALSE(in_flight.finish(result(1))) << "a result after the frame was delivered";
  EXPECT_EQ(in_flight.wait_for_work(), Next::done);
}

TEST(InFlight, AfterAnInterruptionUnfinishedFramesAreSentAgain) {
  InFlight in_flight(4);
  in_flight.set_complete(true);
  for (std::uint64_t i = 0; i < 3; ++i) in_flight.add(frame(i));
  in_flight.finish(result(1));
  in_flight.end_of_input();
  in_flight.set_complete(false);
  auto next = std::async(std::launch::async, [&] { return in_flight.wait_for_work(); });
  EXPECT_EQ(next.wait_for(50ms), std::future_status::timeout) << "the chain is not complete";
  in_flight.set_complete(true);
  EXPECT_EQ(next.get(), Next::send_again);
  const auto unfinished = in_flight.unfinished();
  ASSERT_EQ(unfinished.size(), 2U);
  EXPECT_EQ(unfinished[0].frame, 0U);
  EXPECT_EQ(unfinished[1].frame, 2U);
  in_flight.finish(result(0));
  in_flight.finish(result(2));
  EXPECT_EQ(in_flight.wait_for_work(), Next::done);
}

TEST(InFlight, SlowOutputHoldsTheInputBack) {
  InFlight in_flight(1);
  in_flight.set_complete(true);
  for (std::uint64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(in_flight.wait_for_work(), Next::send);
    in_flight.add(frame(i));
    in_flight.finish(result(i));
  }
  auto next = std::async(std::launch::async, [&] { return in_flight.wait_for_work(); });
  EXPECT_EQ(next.wait_for(50ms), std::future_status::timeout) << "two results wait to be written";
  EXPECT_TRUE(in_flight.next_finished());
  EXPECT_EQ(next.get(), Next::send);
}

TEST(InFlight, StopWakesEverybodyUp) {
  InFlight in_flight(1);
  auto next = std::async(std::launch::async, [&] { return in_flight.wait_for_work(); });
  auto finished = std::async(std::launch::async, [&] { return in_flight.next_finished(); });
  in_flight.stop();
  EXPECT_EQ(next.get(), Next::done);
  EXPECT_FALSE(finished.get());
}

}  // namespace
}  // namespace edge
