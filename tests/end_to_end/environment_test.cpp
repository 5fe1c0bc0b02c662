// What surrounds the process: signals, closed streams, little memory.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class Environment : public ChainFixture {
 protected:
  std::unique_ptr<EdgeProcess> shell(const std::string& name, const std::string& script) {
    return start(name, {"/bin/sh", "-c", script});
  }
};

TEST_F(Environment, SignalsEndCommandsThatWaitForAFile) {
  const std::string pipe = (directory_.path() / "pipe").string(), video = pipe + ".mp4";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(video.c_str(), 0600), 0);
  const std::string config = write_config({.video = video});
  const std::vector<std::vector<std::string>> commands = {
      {"master", "-c", pipe},
      {"worker", "0", "-c", pipe},
      {"local", "-c", pipe},
      {"master", "-c", config},
      {"trainer", "-c", config, "--report", (directory_.path() / "report.html").string()},
      {"infer", "--model", "toy_dag", "--size", "64x96", "--input", video}};
  for (const auto& command : commands) {
    for (const int signal : {SIGINT, SIGTERM}) {
      const auto process = start("waiting", edge_command(command));
      std::this_thread::sleep_for(500ms);
      ASSERT_TRUE(process->running()) << process->errors();
      process->kill(signal);
      EXPECT_EQ(process->wait(1000ms), 128 + signal) << command.front() << " " << process->errors();
    }
  }
}

TEST_F(Environment, ClosedStandardInputIsAnError) {
  const std::string config = write_config({.video = "-"});
  const auto master = shell("master", fmt::format("exec {} master -c {} <&-", EDGE_BINARY, config));
  const auto first = start_worker(0, config);
  const auto second = start_worker(1, config);
  EXPECT_EQ(master->wait(20s), 1) << master->errors();
  EXPECT_NE(master->errors().find("standard input: read error: Bad file descriptor"), std::string::npos)
      << master->errors();
}

TEST_F(Environment, LittleMemoryIsToldInOneLine) {
  for (const int kilobytes : {60'000, 80'000, 130'000, 190'000}) {
    const auto version =
        shell("version", fmt::format("ulimit -v {}; exec {} version", kilobytes, EDGE_BINARY));
    EXPECT_EQ(version->wait(10s), 0) << kilobytes << " " << version->errors();
    std::filesystem::remove(directory_.path() / "infer.err");
    const auto infer = shell(
        "infer", fmt::format("ulimit -v {}; exec {} infer --model vgg16 --input synthetic:street --threads 1",
                             kilobytes, EDGE_BINARY));
    EXPECT_EQ(infer->wait(20s), 1) << kilobytes << " " << infer->errors();
    const std::string errors = infer->errors();
    EXPECT_NE(errors.find("not enough memory"), std::string::npos) << kilobytes << " " << errors;
    EXPECT_LE(std::count(errors.begin(), errors.end(), '\n'), 2)
        << "a warning of random weights may come first: " << errors;
  }
}

TEST_F(Environment, LimitedMemoryThatSufficesIsNoHindrance) {
  const std::string config = write_config({});
  const auto trainer =
      shell("trainer", fmt::format("ulimit -v 130000; exec {} trainer -c {} --threads 2 --report {}",
                                   EDGE_BINARY, config, (directory_.path() / "r.html").string()));
  EXPECT_EQ(trainer->wait(30s), 0) << trainer->errors();
}

}  // namespace
}  // namespace edge::test
