// Killed workers, strangers on the ports, any start order, signals.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include "kernels/cpu.h"
#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class Recovery : public ChainFixture {
 protected:
  ChainConfig slow_chain() const {
    // A realistic size, so that frames are under way when something happens.
    return {.network = "alexnet",
            .features_only = true,
            .rows = 240,
            .columns = 360,
            .video = "synthetic:street?seed=3&noise=1&frames=60",
            .schedule = "scheduler = \"fixed\"\nplan = [[1,6],[7,13]]"};
  }

  std::size_t lines_so_far(const EdgeProcess& process) {
    const std::string text = process.output();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  void expect_every_frame_once_although_killed(int victim) {
    const ChainConfig config = slow_chain();
    const auto expected = checksums(run_chain(config));
    ASSERT_EQ(expected.size(), 60U);

    const std::string file = write_config(config);
    std::vector<std::unique_ptr<EdgeProcess>> workers;
    for (int i = 0; i < 2; ++i) workers.push_back(start_worker(i, file));
    std::filesystem::remove(directory_.path() / "master.out");
    const auto master = start_master(file);
    for (int kills = 0; kills < 2; ++kills) {
      const std::size_t before = lines_so_far(*master);
      for (int i = 0; i < 3000 && lines_so_far(*master) < before + 5; ++i) std::this_thread::sleep_for(10ms);
      ASSERT_TRUE(master->running()) << master->errors();
      auto& worker = workers[static_cast<std::size_t>(victim)];
      worker->kill(SIGKILL);
      EXPECT_EQ(worker->wait(), 128 + SIGKILL);
      worker = start_worker(victim, file);
    }
    EXPECT_EQ(master->wait(120s), 0) << master->errors();
    EXPECT_EQ(checksums(json_lines(master->output())), expected);
    EXPECT_NE(master->errors().find(fmt::format("lost worker {}", victim)), std::string::npos)
        << master->errors();
  }

  /// Connects to 127.0.0.1:port and sends `bytes`; the connection stays open.
  static int open_stranger(std::uint16_t port, const std::string& bytes) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      close(descriptor);
      return -1;
    }
    [[maybe_unused]] const auto sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return descriptor;
  }
};

TEST_F(Recovery, FirstWorkerKilledAndRestarted) {
  expect_every_frame_once_although_killed(0);
}

TEST_F(Recovery, LastWorkerKilledAndRestarted) {
  expect_every_frame_once_although_killed(1);
}

TEST_F(Recovery, AWorkerComesBackWithAnotherInstructionSet) {
  ChainConfig config = slow_chain();
  config.rows = 64;
  config.columns = 96;
  config.video = "synthetic:street?seed=3&noise=1&frames=200";
  config.extra = "check = true";
  const std::string file = write_config(config);
  auto first = start_worker(0, file);
  auto second = start_worker(1, file);
  const auto master = start_master(file);
  for (int i = 0; i < 3000 && lines_so_far(*master) < 5; ++i) std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(master->running()) << master->errors();
  for (auto* worker : {&first, &second}) {  // both: the one that is left would finish alone
    (*worker)->kill(SIGKILL);
    (*worker)->wait();
  }
  second = start_worker(1, file, {{"EDGE_ISA", "scalar"}});
  ASSERT_TRUE(master->wait_for_message("scalar, the whole network takes it"));
  first = start_worker(0, file);
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())).size(), 200U);
  const bool same = kernels::active_isa() == kernels::Isa::scalar;
  EXPECT_NE(master->errors().find(same ? "bit for bit" : "worst relative error"), std::string::npos)
      << master->errors();
}

TEST_F(Recovery, StartOrderIsFree) {
  const std::string file = write_config({});
  const auto master = start_master(file);
  ASSERT_TRUE(master->wait_for_message("waiting for worker 0 at 127.0.0.1"));
  ASSERT_TRUE(master->wait_for_message("waiting for worker 1 at 127.0.0.1"));
  const auto first = start_worker(0, file);
  ASSERT_TRUE(master->wait_for_message("connected to worker 0"));
  const auto second = start_worker(1, file);
  EXPECT_EQ(master->wait(), 0) << master->errors();
  EXPECT_EQ(json_lines(master->output()).size(), 20U);
}

TEST_F(Recovery, OneWorkerServesOneMasterAfterTheOther) {
  const std::string file = write_config({});
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  std::vector<std::string> before;
  for (int run = 0; run < 2; ++run) {
    std::filesystem::remove(directory_.path() / "master.out");
    const auto master = start_master(file);
    EXPECT_EQ(master->wait(), 0) << master->errors();
    EXPECT_TRUE(first->wait_for_message("master finished"));
    EXPECT_EQ(first->errors().find("is gone"), std::string::npos) << first->errors();
    const auto sums = checksums(json_lines(master->output()));
    EXPECT_EQ(sums.size(), 20U);
    if (run > 0) {
      EXPECT_EQ(sums, before);
    }
    before = sums;
  }
}

TEST_F(Recovery, StrangersOnEveryPortDoNotDisturb) {
  const std::string file = write_config(slow_chain());
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  const auto master = start_master(file);
  std::mt19937 random(5);
  std::vector<int> open;
  for (int i = 0; i < 60 && master->running(); ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (i % 3 == 1)
      bytes = std::string("EDGE\x02\x00\x05\x00", 8) + std::string(8, '\0') + "\xff\xff\xff\x7f" + bytes;
    if (i % 3 == 2)
      bytes = std::string("EDGE\x02\x00\x01\x00", 8) + std::string(8, '\0') + std::string("\x64\0\0\0", 4);
    for (const std::uint16_t port : ports_) {
      const int descriptor = open_stranger(port, bytes);
      if (descriptor >= 0) open.push_back(descriptor);
    }
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())).size(), 60U);
  EXPECT_TRUE(first->running());
  EXPECT_TRUE(second->running());
  for (const int descriptor : open) close(descriptor);
}

TEST_F(Recovery, SignalsStopEveryRoleWithinTwoSeconds) {
  for (const int signal : {SIGINT, SIGTERM}) {
    ChainConfig config = slow_chain();
    config.video = "synthetic:street?seed=3&frames=0";
    const std::string file = write_config(config);
    const auto first = start_worker(0, file);
    const auto second = start_worker(1, file);
    std::filesystem::remove(directory_.path() / "master.out");
    const auto master = start_master(file);
    for (int i = 0; i < 3000 && lines_so_far(*master) < 2; ++i) std::this_thread::sleep_for(10ms);
    master->kill(signal);
    EXPECT_EQ(master->wait(2s), 128 + signal) << master->errors();
    first->kill(signal);
    second->kill(signal);
    EXPECT_EQ(first->wait(2s), 0) << first->errors();
    EXPECT_EQ(second->wait(2s), 0) << second->errors();
  }
}

TEST_F(Recovery, SignalsStopThoseWhoWait) {
  const std::string file = write_config({});
  const auto master = start_master(file);
  ASSERT_TRUE(master->wait_for_message("waiting for worker 1"));
  master->kill(SIGTERM);
  EXPECT_EQ(master->wait(2s), 128 + SIGTERM);
  const auto worker = start_worker(0, file);
  ASSERT_TRUE(worker->wait_for_message("listens on port"));
  worker->kill(SIGINT);
  EXPECT_EQ(worker->wait(2s), 0);
}

TEST_F(Recovery, SecondMasterWaitsForItsTurn) {
  const std::string file = write_config(slow_chain());
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  const auto master = start_master(file);
  for (int i = 0; i < 3000 && lines_so_far(*master) < 2; ++i) std::this_thread::sleep_for(10ms);
  const auto other = start("other", edge_command({"master", "-c", file}));
  ASSERT_TRUE(other->wait_for_message("is busy with master"));
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())).size(), 60U);
  EXPECT_EQ(master->errors().find("lost"), std::string::npos)
      << "the other one disturbed it: " << master->errors();
  EXPECT_EQ(other->wait(120s), 0) << other->errors();
  EXPECT_EQ(checksums(json_lines(other->output())).size(), 60U);
}

TEST_F(Recovery, MasterKilledWorkersServeTheNext) {
  ChainConfig config = slow_chain();
  const std::string file = write_config(config);
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  auto master = start_master(file);
  for (int i = 0; i < 3000 && lines_so_far(*master) < 4; ++i) std::this_thread::sleep_for(10ms);
  master->kill(SIGKILL);
  master->wait();
  std::filesystem::remove(directory_.path() / "master.out");
  master = start_master(file);
  EXPECT_EQ(master->wait(120s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())).size(), 60U);
}

}  // namespace
}  // namespace edge::test
