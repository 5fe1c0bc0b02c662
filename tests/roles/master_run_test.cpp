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

/// All links that the run wants are there.
void link_up(Run& run) {
  const auto wanted = run.wanted_links();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const int to : wanted[i]) {
      run.link_state(static_cast<int>(i) - 1, to, true);
      run.link_measured(static_cast<int>(i) - 1, to, 1e6);
    }
  }
}

/// Everybody is there and the first epoch has begun.
Run working(std::size_t pending = 3, std::size_t workers = 2) {
  Run::Options options = two_workers(pending);
  options.bandwidth.assign(workers, 1e6);
  Run run(options);
  for (std::size_t worker = 0; worker < workers; ++worker) come_up(run, static_cast<int>(worker));
  link_up(run);
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
  const Missing link_0{.what = What::link, .worker = 0};
  const Missing link_1{.what = What::link, .worker = 1, .from = 0};
  EXPECT_EQ(run.missing(), (std::vector{link_0, link_1, missing(What::trainer)}));
  EXPECT_EQ(run.wanted_links(), (std::vector<std::set<int>>{{0}, {1}, {}}));
  run.link_state(the_master, 0, true);
  run.link_state(0, 1, true);
  EXPECT_EQ(run.missing(), (std::vector{Missing{.what = What::link_bandwidth, .worker = 1, .from = 0},
                                        missing(What::trainer)}));
  run.link_measured(0, 1, 2e6);
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
  link_up(run);
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

TEST(Run, AResultOfAWorkerThatDoesNotEndTheFrameIsRefused) {
  edge::Run run = working(3, 3);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  FrameUnderWay frame;
  frame.plan = {{2, 3, 3}};
  run.frame_read(std::move(frame));
  EXPECT_EQ(send(run), 0U);
  chain::Result strange = result(0);
  strange.stages = {{.worker = -1}, {.worker = 0}};
  EXPECT_EQ(run.result(strange, now), Fate::not_under_way);
  strange.stages.push_back({.worker = 1});
  EXPECT_EQ(run.result(strange, now), Fate::accepted);
}

TEST(Run, AResultBeforeTheFrameWasSentIsRefused) {
  edge::Run run = working();
  read(run);
  EXPECT_EQ(run.result(result(0), now), Fate::not_under_way);
}

/// Begins the epoch that is due.
action::BeginEpoch begin(Run& run) {
  const auto next = run.next_to_dispatch();
  EXPECT_TRUE(std::holds_alternative<action::BeginEpoch>(next));
  run.dispatched();
  return std::get<action::BeginEpoch>(next);
}

TEST(Run, AfterALossTheOthersGoOnWithTheUnfinishedFrames) {
  edge::Run run = working(4);
  read_and_send(run, 3);
  run.result(result(1), now);
  run.worker_lost(1);
  EXPECT_EQ(run.result(result(2), now), Fate::accepted) << "it was on its way already";
  const action::BeginEpoch epoch = begin(run);
  EXPECT_EQ(epoch.epoch, 2U);
  EXPECT_EQ(epoch.route, scheduling::Route{0});
  EXPECT_EQ(epoch.frames_again, 1U);
  EXPECT_EQ(send(run), 0U);
  EXPECT_EQ(send(run), std::nullopt);
  EXPECT_EQ(run.result(result(0, 1), now), Fate::other_epoch);
  EXPECT_EQ(run.result(result(0, 2), now), Fate::accepted);
  for (std::uint64_t frame = 0; frame < 3; ++frame) EXPECT_EQ(deliver(run), frame);
}

TEST(Run, WithoutAnybodyItWaits) {
  edge::Run run = working();
  read_and_send(run, 2);
  run.worker_lost(1);
  run.worker_lost(0);
  EXPECT_EQ(run.missing(), (std::vector{Missing{.worker = 0}, Missing{.worker = 1}}));
  EXPECT_TRUE(waits_to_dispatch(run));
  come_up(run, 1);
  EXPECT_EQ(run.missing(), std::vector{(Missing{.what = What::link, .worker = 1})});
  EXPECT_EQ(run.wanted_links()[0], std::set<int>{1});
  link_up(run);
  EXPECT_EQ(begin(run).route, scheduling::Route{1});
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, TheLinkPastALostWorkerIsWaitedFor) {
  edge::Run run = working(3, 3);
  read_and_send(run, 2);
  run.worker_lost(1);
  EXPECT_EQ(run.missing(), std::vector{(Missing{.what = What::link, .worker = 2, .from = 0})});
  EXPECT_EQ(run.wanted_links(), (std::vector<std::set<int>>{{0}, {2}, {2}, {}}));
  EXPECT_TRUE(waits_to_dispatch(run));
  run.link_state(0, 2, true);
  EXPECT_EQ(begin(run).route, (scheduling::Route{0, 2})) << "how fast links into worker 2 are is known";
}

TEST(Run, WhereALinkCannotBeMadeTheRouteLeadsAround) {
  edge::Run run = working(3, 3);
  run.worker_lost(1);
  run.link_state(0, 2, false);
  EXPECT_EQ(begin(run).route, scheduling::Route{0});
  EXPECT_EQ(run.wanted_links()[1], std::set<int>{2}) << "it is tried again and again";
  EXPECT_FALSE(run.available());
  run.link_state(0, 2, true);
  ASSERT_TRUE(run.available());
  EXPECT_EQ(run.available()->route, (scheduling::Route{0, 2}));
}

TEST(Run, ALinkThatBreaksForGoodBreaksTheChain) {
  edge::Run run = working(3, 3);
  read_and_send(run, 1);
  run.link_state(0, 2, false);
  EXPECT_FALSE(run.is_broken()) << "nobody needs that link";
  run.link_state(1, 2, false);
  EXPECT_TRUE(run.is_broken());
  EXPECT_EQ(begin(run).route, (scheduling::Route{0, 1}));
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, AWorkerThatReturnsIsTakenInWhenNoFrameIsUnderWay) {
  edge::Run run = working();
  run.worker_lost(1);
  EXPECT_EQ(begin(run).route, scheduling::Route{0});
  read_and_send(run, 2);
  come_up(run, 1);
  EXPECT_FALSE(run.available()) << "the link to it is not there";
  link_up(run);
  ASSERT_TRUE(run.available());
  EXPECT_EQ(run.available()->route, (scheduling::Route{0, 1}));
  EXPECT_TRUE(waits_to_dispatch(run)) << "nobody has said that it is worth it";
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  run.change_route();
  EXPECT_TRUE(std::holds_alternative<action::Wait>(run.next_to_read()));
  run.result(result(0, 2), now);
  EXPECT_TRUE(waits_to_dispatch(run));
  run.result(result(1, 2), now);
  const action::BeginEpoch epoch = begin(run);
  EXPECT_EQ(epoch.route, (scheduling::Route{0, 1}));
  EXPECT_EQ(epoch.frames_again, 0U);
  read_and_send(run, 1);
}

TEST(Run, AWorkerThatIsLostAgainBeforeItIsTakenInChangesNothing) {
  edge::Run run = working();
  run.worker_lost(1);
  begin(run);
  come_up(run, 1);
  link_up(run);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  run.change_route();
  run.worker_lost(1);
  EXPECT_EQ(begin(run).route, scheduling::Route{0});
  read_and_send(run, 1);
}

TEST(Run, AWorkerThatIsKeptOutIsOnlyUsedIfThereIsNoOther) {
  edge::Run run = working();
  run.worker_lost(1);
  begin(run);
  run.keep_out(1, true);
  come_up(run, 1);
  link_up(run);
  EXPECT_FALSE(run.available());
  run.worker_lost(0);
  link_up(run);
  EXPECT_EQ(begin(run).route, scheduling::Route{1});
}

TEST(Run, BeginsWithAsManyWorkersAsItIsToldTo) {
  Run::Options options = two_workers();
  options.wait_for = 1;
  edge::Run run(options);
  come_up(run, 1);
  link_up(run);
  EXPECT_EQ(begin(run).route, scheduling::Route{1});
}

TEST(Run, ALossWhileFramesAreSentAgainIsNotForgotten) {
  edge::Run run = working();
  read_and_send(run, 2);
  run.worker_lost(0);
  come_up(run, 0);
  link_up(run);
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.worker_lost(1);  // before the epoch has quite begun
  run.dispatched();
  begin(run);
  EXPECT_EQ(send(run), 0U);
  run.worker_lost(0);  // in the midst of them
  come_up(run, 0);
  link_up(run);
  begin(run);
  EXPECT_EQ(send(run), 0U);
  EXPECT_EQ(send(run), 1U);
}

TEST(Run, AWorkerIsReplacedWithoutBeingSeenToGo) {
  edge::Run run = working();
  read_and_send(run, 1);
  run.worker_up(1, "avx2");
  run.profiled(1, {0, 1, 1});
  link_up(run);
  EXPECT_EQ(begin(run).route, (scheduling::Route{0, 1}));
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, FramesAreSentAgainAlthoughTheVideoHasEnded) {
  edge::Run run = working();
  read_and_send(run, 2);
  ASSERT_TRUE(std::holds_alternative<action::ReadFrame>(run.next_to_read()));
  run.input_ended();
  EXPECT_TRUE(std::holds_alternative<action::Done>(run.next_to_read()));
  run.worker_lost(1);
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
  begin(run);
  EXPECT_EQ(send(run), 0U);
}

TEST(Run, InstructionSetsAreKnownForEachFrame) {
  edge::Run run = working();
  read_and_send(run, 3);
  run.result(result(0), now);
  run.worker_lost(1);
  come_up(run, 1, "scalar");
  link_up(run);
  run.result(result(1), now);  // of the same epoch, but the new worker may have computed it
  ASSERT_TRUE(std::holds_alternative<action::BeginEpoch>(run.next_to_dispatch()));
  run.dispatched();
  EXPECT_EQ(send(run), 2U);
  run.worker_lost(1);
  come_up(run, 1);
  link_up(run);
  begin(run);
  EXPECT_EQ(send(run), 2U);
  run.result(result(2, 3), now);
  for (const bool same : {true, false, true}) {
    EXPECT_EQ(std::get<action::Deliver>(run.next_to_deliver()).frame.same_isa, same);
  }
}

TEST(Run, NonsenseEndsTheRunUnlessFramesGetThrough) {
  edge::Run run = working(3, 1);
  read_and_send(run, 2);
  for (int offence = 1; offence < edge::Run::most_offences; ++offence) EXPECT_FALSE(run.worker_offended(0));
  run.result(result(0), now);
  for (int offence = 1; offence < edge::Run::most_offences; ++offence) EXPECT_FALSE(run.worker_offended(0));
  EXPECT_TRUE(run.worker_offended(0));
}

TEST(Run, NonsenseOfOneOfSeveralDoesNotEndTheRun) {
  edge::Run run = working();
  for (int offence = 0; offence < 2 * edge::Run::most_offences; ++offence) {
    EXPECT_FALSE(run.worker_offended(1));
  }
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
