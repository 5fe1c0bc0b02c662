// Chains with a secret, without one, with different ones; and thousands of strangers at their ports.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// Connects to 127.0.0.`last`, without waiting if `at_once`; -1: refused.
int call(std::uint16_t port, int last = 1, bool at_once = false) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (at_once ? SOCK_NONBLOCK : 0), 0);
  if (descriptor < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<unsigned>(last));
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 || at_once)
    return descriptor;
  close(descriptor);
  return -1;
}

bool reaches(std::uint16_t port, int last) {
  const int descriptor = call(port, last);
  if (descriptor >= 0) close(descriptor);
  return descriptor >= 0;
}

class ChainSecret : public ChainFixture {
 protected:
  std::string make_secret(const std::string& name) {
    const std::string file = (directory_.path() / name).string();
    const auto process = start("secret", edge_command({"secret", file}));
    EXPECT_EQ(process->wait(), 0) << process->errors();
    return file;
  }
  /// Worker 0 of one config, a master of another.
  struct Refused {
    std::string master;
    std::string worker;
  };
  Refused refused(const std::string& master_net, const std::string& worker_net) {
    ChainConfig config{.workers = 1};
    config.net_lines = worker_net;
    const auto worker = start_worker(0, write_config(config, "worker"));
    EXPECT_TRUE(worker->wait_for_message("listens on port"));
    config.net_lines = master_net;
    const auto master = start_master(write_config(config, "master", true));
    EXPECT_EQ(master->wait(), 1) << master->errors();
    EXPECT_TRUE(worker->running());
    EXPECT_EQ(master->output(), "");
    return {.master = master->errors(), .worker = worker->errors()};
  }
  static void expect_once(const std::string& text, const std::string& part) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << text;
    EXPECT_EQ(text.find(part, at + 1), std::string::npos) << text;
  }
};

TEST_F(ChainSecret, ResultsAreTheSame) {
  ChainConfig config;
  const auto expected = checksums(run_chain(config));
  ASSERT_EQ(expected.size(), 20U);
  config.net_lines = fmt::format("secret_file = \"{}\"", make_secret("edge.secret"));
  EXPECT_EQ(checksums(run_chain(config)), expected);
}

TEST_F(ChainSecret, TheCommandMakesAFileOfTheUserAndKeepsIt) {
  const std::string file = make_secret("edge.secret");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const std::string text = read_file(file);
  EXPECT_EQ(text.size(), 45U);
  const auto again = start("again", edge_command({"secret", file}));
  EXPECT_EQ(again->wait(), 1);
  EXPECT_NE(again->errors().find("is there already"), std::string::npos) << again->errors();
  EXPECT_EQ(read_file(file), text);
  EXPECT_EQ(start("two", edge_command({"secret", file, "more"}))->wait(), 2);
}

TEST_F(ChainSecret, OneMachineUsesItToo) {
  make_secret("edge.secret");
  ChainConfig config;
  config.net_lines = "secret_file = \"edge.secret\"";
  const auto local = start("local", edge_command({"local", "-c", write_config(config)}));
  EXPECT_EQ(local->wait(120s), 0) << local->errors();
  EXPECT_EQ(json_lines(local->output()).size(), 20U);
}

TEST_F(ChainSecret, AnotherSecretIsALineAtEachEnd) {
  const std::string one = make_secret("one.secret");
  const std::string other = make_secret("other.secret");
  const Refused lines = refused("secret_file = \"one.secret\"", "secret_file = \"other.secret\"");
  EXPECT_NE(lines.master.find("worker 0 at 127.0.0.1"), std::string::npos) << lines.master;
  EXPECT_NE(lines.master.find("refused: it has another secret"), std::string::npos) << lines.master;
  expect_once(lines.worker, "it has another secret");
}

TEST_F(ChainSecret, AMasterWithoutItIsALineAtEachEnd) {
  make_secret("one.secret");
  const Refused lines = refused("", "secret_file = \"one.secret\"");
  EXPECT_NE(lines.master.find("it has a secret, this device has none"), std::string::npos) << lines.master;
  expect_once(lines.worker, "it has no secret, this device has one");
}

TEST_F(ChainSecret, AWorkerWithoutItIsALineAtEachEnd) {
  make_secret("one.secret");
  const Refused lines = refused("secret_file = \"one.secret\"", "");
  EXPECT_NE(lines.master.find("it has no secret, this device has one"), std::string::npos) << lines.master;
  expect_once(lines.worker, "it has a secret, this device has none");
}

TEST_F(ChainSecret, AFileThatWillNotDoEndsEveryRoleInOneLine) {
  directory_.write("open.secret", read_file(make_secret("edge.secret")));
  ::chmod((directory_.path() / "open.secret").c_str(), 0644);
  ChainConfig config{.workers = 1};
  for (const char* file : {"missing.secret", "open.secret"}) {
    config.net_lines = fmt::format("secret_file = \"{}\"", file);
    const std::string name = write_config(config);
    for (const std::vector<std::string>& role :
         {std::vector<std::string>{"worker", "0"}, std::vector<std::string>{"master"},
          std::vector<std::string>{"local"}, std::vector<std::string>{"trainer"}}) {
      std::vector<std::string> arguments = role;
      arguments.insert(arguments.end(), {"-c", name});
      const auto process = start(role[0] + file, edge_command(arguments));
      EXPECT_EQ(process->wait(), 1);
      expect_once(process->errors(), file);
      EXPECT_NE(process->errors().find("net.secret_file: "), std::string::npos) << process->errors();
    }
  }
}

TEST_F(ChainSecret, WithoutItNobodyElseReachesAWorker) {
  ChainConfig config{.workers = 1};
  const auto open_to_others = [&](const std::string& net_lines, const std::string& name) {
    config.net_lines = net_lines;
    const auto worker =
        start("worker" + name, edge_command({"worker", "0", "-c", write_config(config, name)}));
    EXPECT_TRUE(worker->wait_for_message("listens on port")) << worker->errors();
    EXPECT_TRUE(reaches(ports_[0], 1));
    EXPECT_EQ(worker->errors().find("insecure = true") != std::string::npos, net_lines == "insecure = true");
    return reaches(ports_[0], 2);  // another address: only who listens on all interfaces listens there
  };
  make_secret("edge.secret");
  EXPECT_FALSE(open_to_others("", "plain"));
  EXPECT_TRUE(open_to_others("insecure = true", "insecure"));
  EXPECT_TRUE(open_to_others("secret_file = \"edge.secret\"", "secret"));
}

/// Thousands that call, say nothing or little, wait, and call again when they are hung up on.
class Crowd {
 public:
  Crowd(std::vector<std::uint16_t> ports, std::size_t size) : ports_(std::move(ports)), size_(size) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    before_ = limit;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY)
      size_ = std::min<std::size_t>(size_, (limit.rlim_cur - 100) / ports_.size());
    thread_ = std::thread([this] { run(); });
  }
  ~Crowd() {
    over_ = true;
    thread_.join();
    for (const int descriptor : callers_) close(descriptor);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  std::size_t size() const { return size_; }
  bool is_there() const { return is_there_; }

 private:
  int new_caller(std::size_t number) { return call(ports_[number % ports_.size()], 1, true); }
  void run() {
    for (std::size_t i = 0; i < size_ * ports_.size() && !over_; ++i) {
      callers_.push_back(new_caller(i));
      if (i % 200 == 199) std::this_thread::sleep_for(2ms);
    }
    is_there_ = true;
    while (!over_) {
      // A tenth at a time: some say a byte of TLS, of our protocol or of nothing; who was hung up on calls
      // again.
      for (std::size_t i = random_() % 10; i < callers_.size() && !over_; i += 10) {
        const unsigned char byte = i % 3 == 0 ? 22 : i % 3 == 1 ? 'E' : static_cast<unsigned char>(random_());
        unsigned char answer = 0;
        if (i % 2 == 0) send(callers_[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (recv(callers_[i], &answer, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != ENOTCONN)) {
          close(callers_[i]);
          callers_[i] = new_caller(i);
        }
      }
      std::this_thread::sleep_for(100ms);
    }
  }

  const std::vector<std::uint16_t> ports_;
  std::size_t size_;
  rlimit before_{};
  std::vector<int> callers_;
  std::minstd_rand random_{1};
  std::atomic<bool> is_there_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

class Strangers : public ChainSecret, public ::testing::WithParamInterface<bool> {
 protected:
  /// From the start of the process until both workers have let it in.
  double seconds_until_in(const std::string& config, const std::string& name) {
    const auto start_of_it = steady_clock::now();
    const auto master = start(name, edge_command({"master", "-c", config, "--frames", "20"}));
    EXPECT_TRUE(master->wait_for_message("connected to worker 0", 10s)) << master->errors();
    EXPECT_TRUE(master->wait_for_message("connected to worker 1", 10s)) << master->errors();
    const double seconds = seconds_since(start_of_it);
    EXPECT_EQ(master->wait(60s), 0) << master->errors();
    EXPECT_EQ(checksums(json_lines(master->output())).size(), 20U);
    return seconds;
  }
};

INSTANTIATE_TEST_SUITE_P(Of, Strangers, ::testing::Bool(), [](const auto& info) {
  return info.param ? "a_chain_with_secret" : "a_plain_chain";
});

TEST_P(Strangers, ThousandsDisturbNeitherARunNorANewMaster) {
  ChainConfig config{.video = "synthetic:street?seed=3&noise=1&frames=0"};
  if (GetParam()) {
    make_secret("edge.secret");
    config.net_lines = "secret_file = \"edge.secret\"";
  }
  const std::string file = write_config(config);
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  const double alone_s = seconds_until_in(file, "alone");
  auto running = start("running", edge_command({"master", "-c", file}));
  ASSERT_TRUE(running->wait_for_message("connected to worker 1"));
  const Crowd crowd(ports_, 2000);
  for (int i = 0; i < 1000 && !crowd.is_there(); ++i) std::this_thread::sleep_for(20ms);
  std::this_thread::sleep_for(1s);
  const auto lines = [&] {
    return json_lines(running->output().substr(0, running->output().rfind('\n') + 1)).size();
  };
  const std::size_t before = lines();
  std::this_thread::sleep_for(500ms);
  EXPECT_GT(lines(), before) << "the run stands still";
  running->kill(SIGTERM);
  EXPECT_EQ(running->wait(2s), 128 + SIGTERM) << running->errors();
  EXPECT_EQ(running->errors().find("lost worker"), std::string::npos) << running->errors();
  const double in_a_crowd_s = seconds_until_in(file, "crowd");
  EXPECT_LT(in_a_crowd_s, alone_s + 1);
  std::cout << fmt::format(
      "{} strangers at each port: a new master is in after {:.2f} s, without them after {:.2f} s\n",
      crowd.size(), in_a_crowd_s, alone_s);
  EXPECT_TRUE(first->running() && second->running());
  for (const auto* worker : {&first, &second}) {
    const std::string log = (*worker)->errors();
    EXPECT_LT(std::count(log.begin(), log.end(), '\n'), 2000) << log.substr(0, 10000);
  }
}

TEST_F(ChainSecret, AWorkerWithFewDescriptorsStillLetsItsMasterIn) {
  make_secret("edge.secret");
  ChainConfig config{.workers = 1};
  config.net_lines = "secret_file = \"edge.secret\"";
  const std::string file = write_config(config);
  std::string line = "ulimit -n 30; exec";
  for (const std::string& word : edge_command({"worker", "0", "-c", file})) line += " '" + word + "'";
  const auto worker = start("worker0", {"/bin/sh", "-c", line});
  ASSERT_TRUE(worker->wait_for_message("listens on port")) << worker->errors();
  const Crowd crowd(ports_, 200);
  for (int i = 0; i < 1000 && !crowd.is_there(); ++i) std::this_thread::sleep_for(20ms);
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  EXPECT_EQ(json_lines(master->output()).size(), 20U);
  EXPECT_TRUE(worker->running()) << worker->errors();
}

}  // namespace
}  // namespace edge::test
