// Workers that are lost for good, that return, that come late, that are slow; links that cannot be made.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class Membership : public ChainFixture {
 protected:
  static ChainConfig three_workers(int frames = 150) {
    return {.network = "alexnet",
            .features_only = true,
            .rows = 128,
            .columns = 192,
            .workers = 3,
            .video = fmt::format("synthetic:street?seed=3&noise=1&frames={}", frames),
            .schedule = "scheduler = \"fixed\"\nplan = [[1,3],[4,8],[9,13]]"};
  }
  std::vector<std::string> expected(ChainConfig config) {
    config.workers = 1;
    config.schedule = "scheduler = \"load_balance\"";
    return checksums(run_chain(config));
  }
  void start_workers(const std::string& file, int count) {
    for (int i = 0; i < count; ++i) workers_.push_back(start_worker(i, file));
    std::filesystem::remove(directory_.path() / "master.out");
    std::filesystem::remove(directory_.path() / "master.err");
  }
  static std::size_t lines_so_far(const EdgeProcess& process) {
    const std::string text = process.output();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  static void wait_for_lines(EdgeProcess& master, std::size_t lines) {
    for (int i = 0; i < 3000 && lines_so_far(master) < lines && master.running(); ++i) {
      std::this_thread::sleep_for(10ms);
    }
  }
  void lose(int worker) {
    workers_[static_cast<std::size_t>(worker)]->kill(SIGKILL);
    workers_[static_cast<std::size_t>(worker)]->wait();
  }
  static void expect_message(const EdgeProcess& process, const std::string& text) {
    EXPECT_TRUE(process.wait_for_message(text)) << text << " is not in\n" << process.errors();
  }

  std::vector<std::unique_ptr<EdgeProcess>> workers_;
};

TEST_F(Membership, TheChainGoesOnWithoutAWorkerThatIsLostForGood) {
  const ChainConfig config = three_workers();
  const std::vector<std::string> sums = expected(config);
  for (const int victim : {0, 1, 2}) {
    SCOPED_TRACE(victim);
    const std::string file = write_config(config);
    workers_.clear();
    start_workers(file, 3);
    const auto master = start_master(file);
    wait_for_lines(*master, 10);
    lose(victim);
    EXPECT_EQ(master->wait(60s), 0) << master->errors();
    EXPECT_EQ(checksums(json_lines(master->output())), sums);
    const char* others = victim == 0   ? "workers 1 and 2"
                         : victim == 1 ? "workers 0 and 2"
                                       : "workers 0 and 1";
    expect_message(*master, fmt::format("the chain is {}", others));
  }
}

TEST_F(Membership, DownToOneAndUpAgain) {
  const ChainConfig config = three_workers(400);
  const std::vector<std::string> sums = expected(config);
  const std::string file = write_config(config);
  start_workers(file, 3);
  const auto master = start_master(file);
  wait_for_lines(*master, 10);
  lose(0);
  lose(2);
  expect_message(*master, "the chain is worker 1");
  wait_for_lines(*master, lines_so_far(*master) + 10);
  workers_[2] = start_worker(2, file);
  expect_message(*master, "the chain is workers 1 and 2");
  wait_for_lines(*master, lines_so_far(*master) + 3);
  workers_[0] = start_worker(0, file);
  expect_message(*master, "the chain is workers 0, 1 and 2, complete again");
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
  EXPECT_EQ(master->errors().find("differ"), std::string::npos);
}

TEST_F(Membership, WithoutAnyWorkerItWaits) {
  const ChainConfig config = three_workers(60);
  const std::vector<std::string> sums = expected(config);
  const std::string file = write_config(config);
  start_workers(file, 3);
  const auto master = start_master(file);
  wait_for_lines(*master, 10);
  for (const int worker : {1, 0, 2}) lose(worker);
  for (int worker = 0; worker < 3; ++worker)
    expect_message(*master, fmt::format("waiting for worker {}", worker));
  EXPECT_TRUE(master->running());
  workers_[2] = start_worker(2, file);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
}

TEST_F(Membership, BeginsWithOneAndTakesInTheOthers) {
  ChainConfig config = three_workers(300);
  const std::vector<std::string> sums = expected(config);
  config.schedule += "\nwait_for = 1";
  const std::string file = write_config(config);
  start_workers(file, 1);
  const auto master = start_master(file);
  wait_for_lines(*master, 5);
  expect_message(*master, "the chain is worker 0");
  workers_.push_back(start_worker(1, file));
  expect_message(*master, "the chain is workers 0 and 1");
  workers_.push_back(start_worker(2, file));
  expect_message(*master, "the chain is workers 0, 1 and 2");
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
}

TEST_F(Membership, AWorkerThatOnlyTheMastersConfigKnowsJoins) {
  ChainConfig config = three_workers(300);
  const std::vector<std::string> sums = expected(config);
  config.schedule += "\nwait_for = 2";
  const std::string three = write_config(config);
  ChainConfig fewer = config;
  fewer.workers = 2;
  fewer.schedule = "scheduler = \"load_balance\"";
  const std::string two = write_config(fewer, "two", true);
  start_workers(two, 2);
  const auto master = start_master(three);
  wait_for_lines(*master, 10);
  workers_.push_back(start_worker(2, three));
  expect_message(*master, "the chain is workers 0, 1 and 2");
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
  EXPECT_NE(workers_[1]->errors().find("connected to worker 2"), std::string::npos) << workers_[1]->errors();
}

TEST_F(Membership, WhoCannotBeReachedIsLeftOutAndNamed) {
  const ChainConfig config = three_workers(200);
  const std::vector<std::string> sums = expected(config);
  const std::string file = write_config(config);
  const std::vector<std::uint16_t> ports = ports_;
  // Worker 0 knows a wrong address of worker 2, of which nobody hears as long as worker 1 is there.
  ports_[2] = free_ports(1)[0];
  const std::string wrong = write_config(config, "wrong", true);
  ports_ = ports;
  workers_.push_back(start_worker(0, wrong));
  for (const int worker : {1, 2}) workers_.push_back(start_worker(worker, file));
  std::filesystem::remove(directory_.path() / "master.out");
  std::filesystem::remove(directory_.path() / "master.err");
  const auto master = start_master(file);
  wait_for_lines(*master, 10);
  lose(1);
  expect_message(*master, "worker 0 cannot reach worker 2 (Connection refused): no frames go that way");
  expect_message(*master, "the chain is worker 0");
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
}

TEST_F(Membership, SlowIsNotDead) {
  ChainConfig config = three_workers(300);
  const std::vector<std::string> sums = expected(config);
  config.net_lines = "";
  const std::string file = write_config(config);
  start_workers(file, 3);
  const auto master = start_master(file);
  wait_for_lines(*master, 10);
  workers_[1]->kill(SIGSTOP);
  std::this_thread::sleep_for(1s);  // less than its timeout_s
  workers_[1]->kill(SIGCONT);
  wait_for_lines(*master, lines_so_far(*master) + 10);
  EXPECT_EQ(master->errors().find("lost worker"), std::string::npos) << master->errors();
  workers_[1]->kill(SIGSTOP);
  expect_message(*master, "lost worker 1: silent for 3.0 s");
  workers_[1]->kill(SIGCONT);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
  EXPECT_TRUE(workers_[1]->running());
}

TEST_F(Membership, AMasterThatWasKilledGoesOnBehindItsLastFrame) {
  ChainConfig config = three_workers(60);
  config.gate = 4;  // what it holds depends on all frames before
  const std::vector<std::string> sums = expected(config);
  const std::string file = write_config(config);
  start_workers(file, 3);
  const std::string results = (directory_.path() / "results.jsonl").string();
  const auto lines = [&] {
    return std::filesystem::exists(results) ? json_lines(read_file(results)) : std::vector<nlohmann::json>();
  };
  const auto command = edge_command({"master", "-c", file, "--output", results, "--resume"});
  for (int kills = 0; kills < 2; ++kills) {
    const std::size_t before = lines().size();
    const auto master = start("master", command);
    for (int i = 0; i < 3000 && master->running(); ++i) {
      const std::string text = std::filesystem::exists(results) ? read_file(results) : "";
      if (std::count(text.begin(), text.end(), '\n') > static_cast<std::ptrdiff_t>(before) + 8) break;
      std::this_thread::sleep_for(5ms);
    }
    master->kill(SIGKILL);
    master->wait();
  }
  std::ofstream(results, std::ios::app) << "{\"schema\":1,\"fra";  // the power went off
  const auto master = start("master", command);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(lines()), sums);
  const auto again = start("master", command);
  EXPECT_EQ(again->wait(60s), 0) << again->errors();
  expect_message(*again, "all frames of the video are there already");
  EXPECT_EQ(checksums(lines()), sums);
}

TEST_F(Membership, ARefusalThatIsNoLongerTrueIsForgotten) {
  const ChainConfig config = three_workers(30);
  const std::string file = write_config(config);
  ChainConfig other = config;
  other.seed = 2;
  const std::string wrong = write_config(other, "other", true);
  start_workers(file, 3);
  {
    const auto master = start_master(file);
    wait_for_lines(*master, 10);
    lose(1);
    workers_[1] = start_worker(1, wrong);
    expect_message(*workers_[1], "refused");
    master->kill(SIGKILL);
    master->wait();
  }
  lose(1);
  workers_[1] = start_worker(1, file);
  // Without a master nobody keeps links, and writes of them into the log.
  const std::string before = workers_[0]->errors();
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(workers_[0]->errors().substr(before.size()).find("connected to worker"), std::string::npos);
  std::filesystem::remove(directory_.path() / "master.out");
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(json_lines(master->output()).size(), 30U);
}

TEST_F(Membership, AWorkerOfAnotherModelDoesNotStopTheOthers) {
  const ChainConfig config = three_workers(200);
  const std::vector<std::string> sums = expected(config);
  const std::string file = write_config(config);
  ChainConfig other = config;
  other.seed = 2;
  const std::string wrong = write_config(other, "other", true);
  start_workers(file, 3);
  const auto master = start_master(file);
  wait_for_lines(*master, 10);
  lose(1);
  workers_[1] = start_worker(1, wrong);
  expect_message(*master, "they differ in seed; the chain goes on without worker 1");
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(checksums(json_lines(master->output())), sums);
}

}  // namespace
}  // namespace edge::test
