// The master's state machine, case by case; master_run_orders_test.cpp has thousands of orders of events.
#include <gtest/gtest.h>

#include "roles/master/run.h"

namespace edge {
namespace {

using Fate = Run::Fate;
using What = Missing::What;

constexpr std::uint64_t our_instance = 5;
constexpr std::chrono::steady_clock::time_point now{};

Run::Options two_workers(std::size_t pending = 3) {
  return {.instance = our_instance, .isa = "avx2", .pending = pending, .bandwidth = {1e6, 1e6}};
}

void come_up(Run& run, int worker, const std::string& isa = "avx2") {
  run.worker_up(worker, isa);
  run.profiled(worker, {0, 1, 1});
}

/// Everybody is there and the first epoch has begun.
Run working(std::size_t pending = 3) {
  Run run(two_workers(pending));
  come_up(run, 0);
  come_up(run, 1);
  EXPECT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  return run;
}

void read(Run& run) {
  const auto next = run.next_to_read();
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(next));
  FrameUnderWay frame;
  frame.frame = std::get<action::ReadFrame>(next).frame;
  run.frame_read(std::move(frame));
}

/// The number of the frame that is sent, if one is.
std::optional<std::uint64_t> send(Run& run) {
  const auto next = run.next_to_dispatch();
  if (!std::holds_alternative<action::SendFrame>(next)) return std::nullopt;
  run.dispatched();
  return std::get<action::SendFrame>(next).frame.frame;
}

std::optional<std::uint64_t> deliver(Run& run) {
  const auto next = run.next_to_deliver();
  if (!std::holds_alternative<action::Deliver>(next)) return std::nullopt;
  return std::get<action::Deliver>(next).frame.frame;
}

void read_and_send(Run& run, int frames) {
  for (int i = 0; i < frames; ++i) {
    read(run);
    EXPECT_TRUE(send(run));
  }
}

chain::Result result(std::uint64_t frame, std::uint32_t epoch = 1, std::uint64_t instance = our_instance) {
  return {.frame = frame, .run = {.instance = instance, .epoch = epoch}};
}

bool waits_to_dispatch(Run& run) {
  return std::holds_alternative<action::Wait>(run.next_to_dispatch());
}

TEST(Run, BeginsWhenAllThatIsNeededIsThere) {
  Run::Options options = two_workers();
  options.bandwidth = {1e6, std::nullopt};
  options.waits_for_trainer = true;
  edge::Run run(options);
  const auto missing = [](What what, int worker = 0) { return Missing{.what = what, .worker = worker}; };
  EXPECT_EQ(run.missing(), (std::vector{missing(What::connection, 0), missing(What::connection, 1),
                                        missing(What::trainer)}));
  come_up(run, 0);
  run.worker_up(1, "avx2");
  EXPECT_EQ(run.missing(), (std::vector{missing(What::profile, 1), missing(What::trainer)}));
  run.profiled(1, {0, 1, 1});
  EXPECT_EQ(run.missing(), (std::vector{missing(What::link_bandwidth, 1), missing(What::trainer)}));
  run.link_measured(1, 2e6);
  EXPECT_EQ(run.missing(), std::vector{missing(What::trainer)});
  EXPECT_TRUE(waits_to_dispatch(run));
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read()));
  run.trainer_ready();
  const auto next = run.next_to_dispatch();
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(next));
  const auto& begin = std::get<action::BeginEpoch>(next);
  EXPECT_EQ(begin.epoch, 1U);
  EXPECT_EQ(begin.members.size(), 2U);
  EXPECT_EQ(begin.bandwidth, (std::vector<std::optional<double>>{1e6, 2e6}));
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read())) << "the epoch has not quite begun";
  run.dispatched();
  EXPECT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
}

TEST(Run, AtMostPendingFramesAreUnderWay) {
  edge::Run run = working(2);
  read_and_send(run, 2);
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read()));
  EXPECT_EQ(run.result(result(1), now), Fate::accepted);
  read(run);
}

TEST(Run, SlowOutputHoldsTheInputBack) {
  edge::Run run = working(1);
  for (std::uint64_t frame = 0; frame < 2; ++frame) {
    read_and_send(run, 1);
    run.result(result(frame), now);
  }
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read())) << "two results wait to be written";
  EXPECT_EQ(deliver(run), 0U);
  read(run);
}

TEST(Run, ResultsAreDeliveredInOrderAndOnce) {
  edge::Run run = working();
  read_and_send(run, 3);
  EXPECT_EQ(run.result(result(2), now), Fate::accepted);
  EXPECT_EQ(deliver(run), std::nullopt);
  EXPECT_EQ(run.result(result(0), now), Fate::accepted);
  EXPECT_EQ(run.result(result(0), now), Fate::repeated);
  EXPECT_EQ(run.result(result(9), now), Fate::not_under_way);
  EXPECT_EQ(run.result(result(1), now), Fate::accepted);
  for (std::uint64_t frame = 0; frame < 3; ++frame) EXPECT_EQ(deliver(run), frame);
  EXPECT_EQ(run.result(result(1), now), Fate::not_under_way) << "after it was delivered";
}

TEST(Run, UnchangedFramesAreNotSentAndHaveTheResultBefore) {
  auto run = working(1);
  read_and_send(run, 1);
  const auto read_unchanged = [&](std::uint64_t number) {
    ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
    FrameUnderWay frame;
    frame.frame = number;
    frame.unchanged = true;
    frame.captured = now + std::chrono::seconds(number);
    run.frame_read(std::move(frame));
  };
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read())) << "one may be under way";
  chain::Result first = result(0);
  first.checksum = 42;
  first.stages.resize(3);
  EXPECT_EQ(run.result(first, now), Fate::accepted);
  EXPECT_EQ(deliver(run), 0U);
  for (const std::uint64_t frame : {1U, 2U}) {
    read_unchanged(frame);
    EXPECT_TRUE(waits_to_dispatch(run));
    const auto next = run.next_to_deliver();
    ASSERT_TRUE(std::holds_alternative<action::Deliver>(next));
    const FrameUnderWay& delivered = std::get<action::Deliver>(next).frame;
    EXPECT_EQ(delivered.frame, frame);
    EXPECT_EQ(delivered.result->frame, frame);
    EXPECT_EQ(delivered.result->checksum, 42U);
    EXPECT_TRUE(delivered.result->stages.empty()) << "nobody did anything for it";
    EXPECT_EQ(delivered.finished, delivered.captured) << "the result was there before the frame";
  }
  run.input_ended();
}

TEST(Run, AnUnchangedFrameWaitsForTheResultBefore) {
  auto run = working(2);
  read_and_send(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  FrameUnderWay frame;
  frame.frame = 1;
  frame.unchanged = true;
  run.frame_read(std::move(frame));
  EXPECT_EQ(deliver(run), std::nullopt);
  // Even if the chain breaks meanwhile: only the other one is sent again.
  run.worker_lost(0);
  come_up(run, 0);
  EXPECT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
  EXPECT_EQ(send(run), std::nullopt);
  EXPECT_EQ(run.result(result(0, 2), now), Fate::accepted);
  EXPECT_EQ(deliver(run), 0U);
  EXPECT_EQ(deliver(run), 1U);
}

TEST(Run, AResultOfAnotherRunIsNotOurs) {
  edge::Run run = working();
  read_and_send(run, 1);
  // A master that was killed had sent its own frame 0; the worker computes it while we begin.
  EXPECT_EQ(run.result(result(0, 1, our_instance + 1), now), Fate::other_run);
  EXPECT_EQ(deliver(run), std::nullopt);
  EXPECT_EQ(run.result(result(0), now), Fate::accepted);
}

TEST(Run, AResultBeforeTheFrameWasSentIsRefused) {
  edge::Run run = working();
  read(run);
  EXPECT_EQ(run.result(result(0), now), Fate::not_under_way);
}

TEST(Run, AfterALossUnfinishedFramesAreSentAgain) {
  edge::Run run = working(4);
  read_and_send(run, 3);
  run.result(result(1), now);
  run.worker_lost(1);
  EXPECT_EQ(run.missing(), std::vector{Missing{.worker = 1}});
  EXPECT_TRUE(waits_to_dispatch(run)) << "the chain is not complete";
  EXPECT_EQ(run.result(result(2), now), Fate::accepted) << "it was on its way already";
  come_up(run, 1);
  const auto next = run.next_to_dispatch();
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(next));
  EXPECT_EQ(std::get<action::BeginEpoch>(next).epoch, 2U);
  EXPECT_EQ(std::get<action::BeginEpoch>(next).frames_again, 1U);
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
  EXPECT_EQ(send(run), std::nullopt);
  EXPECT_EQ(run.result(result(0, 1), now), Fate::other_epoch);
  EXPECT_EQ(run.result(result(0, 2), now), Fate::accepted);
  for (std::uint64_t frame = 0; frame < 3; ++frame) EXPECT_EQ(deliver(run), frame);
}

TEST(Run, ALossWhileFramesAreSentAgainIsNotForgotten) {
  edge::Run run = working();
  read_and_send(run, 2);
  run.worker_lost(0);
  come_up(run, 0);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.worker_lost(1);  // before the epoch has quite begun
  run.dispatched();
  EXPECT_TRUE(waits_to_dispatch(run));
  come_up(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
  run.worker_lost(1);  // in the midst of them
  come_up(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
  EXPECT_EQ(send(run), 1U);
}

TEST(Run, AWorkerIsReplacedWithoutBeingSeenToGo) {
  edge::Run run = working();
  read_and_send(run, 1);
  run.worker_up(1, "avx2");
  EXPECT_EQ(run.missing(), (std::vector{Missing{.what = What::profile, .worker = 1}}));
  run.profiled(1, {0, 1, 1});
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, FramesAreSentAgainAlthoughTheVideoHasEnded) {
  edge::Run run = working();
  read_and_send(run, 2);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  run.input_ended();
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_read()));
  run.worker_lost(1);
  EXPECT_TRUE(waits_to_dispatch(run)) << "there are frames without a result";
  come_up(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  for (std::uint64_t frame = 0; frame < 2; ++frame) {
    EXPECT_EQ(send(run), frame);
    EXPECT_EQ(run.result(result(frame, 2), now), Fate::accepted);
  }
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_dispatch()));
  for (std::uint64_t frame = 0; frame < 2; ++frame) EXPECT_EQ(deliver(run), frame);
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_deliver()));
}

TEST(Run, FramesAreSentAgainWhileTheVideoStalls) {
  edge::Run run = working();
  read_and_send(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));  // and no answer
  run.worker_lost(1);
  come_up(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, InstructionSetsAreKnownForEachFrame) {
  edge::Run run = working();
  read_and_send(run, 3);
  run.result(result(0), now);
  run.worker_lost(1);
  come_up(run, 1, "scalar");
  run.result(result(1), now);  // of the same epoch, but the new worker may have computed it
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 2U);
  run.worker_lost(1);
  come_up(run, 1);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 2U);
  run.result(result(2, 3), now);
  for (const bool same : {true, false, true}) {
    EXPECT_EQ(std::get<action::Deliver>(run.next_to_deliver()).frame.same_isa, same);
  }
}

TEST(Run, NonsenseEndsTheRunUnlessFramesGetThrough) {
  edge::Run run = working();
  read_and_send(run, 2);
  for (int offence = 1; offence < edge::Run::most_offences; ++offence) EXPECT_FALSE(run.worker_offended(1));
  run.result(result(0), now);
  for (int offence = 1; offence < edge::Run::most_offences; ++offence) EXPECT_FALSE(run.worker_offended(1));
  EXPECT_FALSE(run.worker_offended(0)) << "each is judged alone";
  EXPECT_TRUE(run.worker_offended(1));
}

TEST(Run, AStopDeliversWhatIsThere) {
  edge::Run run = working();
  read_and_send(run, 2);
  run.result(result(0), now);
  run.stop();
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_dispatch()));
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_read()));
  EXPECT_EQ(deliver(run), 0U);
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_deliver()));
}

}  // namespace
}  // namespace edge
