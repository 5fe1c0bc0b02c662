// A real master with a worker that a test plays: results of other runs, damaged ones, losses at bad moments.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <limits>
#include <optional>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"
#include "tests/end_to_end/played_worker.h"

namespace edge::test {
namespace {

std::uint32_t checksum_of(std::uint64_t frame) {
  return 0x1000U + static_cast<std::uint32_t>(frame);
}

class StrangeWorker : public ChainFixture {
 protected:
  /// Starts the played worker, and a master with it. `pending` frames may be under way.
  std::unique_ptr<EdgeProcess> start(const FakeWorker::Script& script, const std::string& video,
                                     int pending = 3) {
    const std::string file =
        write_config({.workers = 1,
                      .video = video,
                      .schedule = fmt::format("scheduler = \"load_balance\"\npending = {}", pending)});
    worker_.emplace(file, script, ports_.front());
    return start_master(file);
  }

  /// Every frame of 0 .. count - 1 once, in order, with what the worker made of it.
  static void expect_frames(const EdgeProcess& master, std::size_t count) {
    const auto sums = checksums(json_lines(master.output()));
    EXPECT_EQ(sums.size(), count) << master.errors();
    for (std::size_t frame = 0; frame < sums.size(); ++frame) {
      EXPECT_EQ(sums[frame], fmt::format("{:08x}", checksum_of(frame))) << "frame " << frame;
    }
  }

  std::optional<PlayedWorker> worker_;
};

TEST_F(StrangeWorker, ResultsOfOtherRunsAndEpochsAreNotTaken) {
  // As after a master was killed and another one started within the time of one frame.
  const auto master =
      start({.frame =
                 [](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
                   chain::RunId other = header.run;
                   ++other.instance;
                   worker.send_result(frame, other, 0xbad);
                   other = header.run;
                   ++other.epoch;
                   worker.send_result(frame, other, 0xbad);
                   worker.send_result(frame + 1, header.run, 0xbad);  // not yet sent
                   worker.send_result(frame, header.run, checksum_of(frame));
                   worker.send_result(frame, header.run, 0xbad);
                 }},
            "synthetic:street?seed=3&noise=1&frames=12", 1);
  EXPECT_EQ(master->wait(), 0) << master->errors();
  expect_frames(*master, 12);
}

TEST_F(StrangeWorker, ADamagedResultCostsTheConnectionOnly) {
  std::atomic<bool> damaged = false;
  const auto master =
      start({.frame =
                 [&](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
                   if (frame == 4 && !damaged.exchange(true))
                     return worker.send_damaged_result(frame, header.run);
                   worker.send_result(frame, header.run, checksum_of(frame));
                 }},
            "synthetic:street?seed=3&noise=1&frames=12");
  EXPECT_EQ(master->wait(), 0) << master->errors();
  EXPECT_TRUE(damaged);
  EXPECT_NE(master->errors().find("lost worker 0: it sent a result with a damaged output"), std::string::npos)
      << master->errors();
  expect_frames(*master, 12);
}

TEST_F(StrangeWorker, OneThatOnlySendsNonsenseIsGivenUp) {
  const auto master = start(
      {.frame = [](FakeWorker& worker, std::uint64_t frame,
                   const chain::FrameHeader& header) { worker.send_damaged_result(frame, header.run); }},
      "synthetic:street?seed=3&noise=1&frames=12");
  EXPECT_EQ(master->wait(), 1) << master->errors();
  EXPECT_NE(master->errors().find("gave up worker 0, which sends nonsense again and again"),
            std::string::npos)
      << master->errors();
  expect_frames(*master, 0);
}

TEST_F(StrangeWorker, AnAbsurdProfileIsRefused) {
  for (const double seconds : {std::numeric_limits<double>::quiet_NaN(), 1e-300, 1e300}) {
    const auto master = start({.master = [seconds](FakeWorker& worker) { worker.send_profile(seconds); }},
                              "synthetic:street?seed=3&noise=1&frames=12");
    EXPECT_EQ(master->wait(), 1) << master->errors();
    EXPECT_NE(master->errors().find("again and again: it sent impossible layer costs"), std::string::npos)
        << master->errors();
    worker_.reset();
  }
}

TEST_F(StrangeWorker, FloodsOfResultsChangeNothing) {
  const auto master =
      start({.frame =
                 [](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
                   for (std::uint64_t i = 1; i < 500; ++i) {
                     worker.send_result(frame + i * i, header.run, 0xbad);  // never sent
                     worker.send_result(i, {}, 0xbad);
                   }
                   for (int i = 0; i < 200; ++i) worker.send_result(frame, header.run, checksum_of(frame));
                   worker.send_result(std::numeric_limits<std::uint64_t>::max(), header.run, 0xbad);
                 }},
            "synthetic:street?seed=3&noise=1&frames=12", 1);
  EXPECT_EQ(master->wait(), 0) << master->errors();
  expect_frames(*master, 12);
}

TEST_F(StrangeWorker, AbsurdTimesBendNoPlan) {
  // As large as they may be, as small as they can be, of all hops, in the future; questions are not answered.
  const auto master =
      start({.frame =
                 [](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
                   const double seconds = frame % 2 == 0 ? 1e6 : 1e-300;
                   const chain::StageReport report{.worker = 0,
                                                   .receive_bytes = std::uint64_t{1} << 49U,
                                                   .receive_s = seconds,
                                                   .decode_s = seconds,
                                                   .wait_s = seconds,
                                                   .compute_s = seconds,
                                                   .encode_s = seconds,
                                                   .transfer = {.bytes = 1, .seconds = seconds},
                                                   .received_at = 1e10,
                                                   .compute_at = 1e10,
                                                   .encode_at = 1e10,
                                                   .computed_macs = 1e18,
                                                   .all_macs = 1e-300,
                                                   .values_error = 1e6};
                   chain::StageReport first = report;
                   first.worker = -1;
                   worker.send(chain::pack(chain::Result{.frame = frame,
                                                         .run = header.run,
                                                         .stages = {first, report},
                                                         .checksum = checksum_of(frame)},
                                           {}));
                 }},
            "synthetic:street?seed=3&noise=1&frames=30");
  EXPECT_EQ(master->wait(), 0) << master->errors();
  expect_frames(*master, 30);
}

TEST_F(StrangeWorker, IsLostAfterTheVideoHasBroken) {
  {
    // Four frames, and half of a fifth.
    std::ofstream video(directory_.path() / "broken.y4m", std::ios::binary);
    video << "YUV4MPEG2 W96 H64 F25:1 C420jpeg\n";
    for (int frame = 0; frame < 5; ++frame) {
      video << "FRAME\n"
            << std::string(96 * 64 * 3 / 2 / (frame == 4 ? 2 : 1), static_cast<char>('p' + frame));
    }
  }
  std::atomic<bool> answers = false;
  const auto master =
      start({.frame =
                 [&](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
                   if (answers) worker.send_result(frame, header.run, checksum_of(frame));
                 }},
            (directory_.path() / "broken.y4m").string(), 8);
  ASSERT_TRUE(master->wait_for_message(" error: ")) << master->errors();
  EXPECT_TRUE(master->running()) << "frames are still under way";
  worker_->post([&](FakeWorker& worker) {
    answers = true;
    worker.drop_connections();
  });
  EXPECT_EQ(master->wait(), 1) << master->errors();
  expect_frames(*master, 4);
}

TEST_F(StrangeWorker, IsWaitedForWithOneLine) {
  const std::string file = write_config({.workers = 1});
  const auto master = start_master(file);
  const std::string line = fmt::format("waiting for worker 0 at 127.0.0.1:{}", ports_.front());
  ASSERT_TRUE(master->wait_for_message(line));
  std::this_thread::sleep_for(1500ms);  // several attempts, of both connections to that worker
  master->kill(SIGTERM);
  EXPECT_EQ(master->wait(), 128 + SIGTERM);
  const std::string errors = master->errors();
  EXPECT_EQ(errors.find("waiting for", errors.find(line) + 1), std::string::npos) << errors;
}

TEST_F(StrangeWorker, OfAnotherModelIsOneError) {
  const std::string file = write_config({.seed = 1});
  const auto master = start_master(file);
  ASSERT_TRUE(master->wait_for_message("waiting for worker 1"));
  const std::string other = write_config({.seed = 2}, "other", true);
  const auto first = start_worker(0, other);
  const auto second = start_worker(1, other);
  EXPECT_EQ(master->wait(), 1);
  const std::string errors = master->errors();
  std::size_t count = 0;
  for (std::size_t at = errors.find(" error: "); at != std::string::npos;
       at = errors.find(" error: ", at + 1))
    ++count;
  EXPECT_EQ(count, 1U) << errors;
}

}  // namespace
}  // namespace edge::test
