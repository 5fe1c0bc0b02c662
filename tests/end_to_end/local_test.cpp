// `edge local`: the whole chain with one command; no process is left behind.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>
#include <thread>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

/// Processes whose command line names `text`.
std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> list;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file(entry.path() / "cmdline").find(text) != std::string::npos) list.push_back(std::stoi(name));
  }
  return list;
}

class Local : public ChainFixture {
 protected:
  std::unique_ptr<EdgeProcess> start_local(const std::string& config,
                                           const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"local", "-c", config};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return start("local", edge_command(arguments));
  }
  void expect_nobody_left(const std::string& config) {
    for (int i = 0; i < 200 && !processes_with(config).empty(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(processes_with(config).empty());
  }
};

TEST_F(Local, RunsTheChainAndStopsIt) {
  const std::string config = write_config({.workers = 3});
  const auto local = start_local(config, {"--frames", "7", "--check"});
  EXPECT_EQ(local->wait(), 0) << local->errors();
  EXPECT_EQ(checksums(json_lines(local->output())).size(), 7U);
  EXPECT_NE(local->errors().find("check: 7 frames right, bit for bit"), std::string::npos) << local->errors();
  EXPECT_NE(local->errors().find("7 frames in"), std::string::npos) << "the final table";
  expect_nobody_left(config);
}

TEST_F(Local, SignalsLeaveNoOrphans) {
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    const std::string config = write_config({.video = "synthetic:street?seed=3&frames=0"});
    const auto local = start_local(config);
    ASSERT_TRUE(local->wait_for_message("plan from frame 0 on"));
    local->kill(signal);
    EXPECT_EQ(local->wait(3s), 128 + signal);
    expect_nobody_left(config);
  }
}

TEST_F(Local, SignalsEndTheWaitForAVideo) {
  for (const std::string name : {"pipe.y4m", "pipe.rgb", "pipe.mp4"}) {
    const std::string pipe = (directory_.path() / name).string();
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
      // The trainer gets the pipe from the config.
      const std::string config =
          write_config({.video_lines = "",
                        .schedule = "scheduler = \"data_aware\"",
                        .model_lines = fmt::format("[trainer]\nsource = \"{}\"", pipe)});
      const auto local = start_local(config, {"--video", pipe});
      ASSERT_TRUE(local->wait_for_message("listens on port"));
      std::this_thread::sleep_for(300ms);  // the master is opening the pipe
      local->kill(signal);
      EXPECT_EQ(local->wait(5s), 128 + signal) << name << " " << local->errors();
      expect_nobody_left(config);
      expect_nobody_left(pipe);  // ffmpeg
    }
  }
}

TEST_F(Local, TheTrainerDoesNotReadWhatCanBeReadOnce) {
  std::string bytes = "YUV4MPEG2 W96 H64 F10:1\n";
  for (int frame = 0; frame < 12; ++frame)
    bytes += "FRAME\n" + std::string(96 * 64 * 3 / 2, static_cast<char>(99 + frame));
  const std::string video = directory_.write("video.y4m", bytes).string();
  const std::string config = write_config({.schedule = "scheduler = \"data_aware\""});
  const auto local = start(
      "local", {"/bin/sh", "-c",
                "cat " + video + " | exec " + EDGE_BINARY + " local -c " + config + " --check --video -"});
  EXPECT_EQ(local->wait(), 0) << local->errors();
  EXPECT_EQ(checksums(json_lines(local->output())).size(), 12U);
  EXPECT_NE(local->errors().find("no trainer: standard input can be read once only"), std::string::npos)
      << local->errors();
  EXPECT_NE(local->errors().find("check: 12 frames right"), std::string::npos) << local->errors();
}

TEST_F(Local, WantsAFileAsConfig) {
  const std::string config = write_config({});
  const auto local =
      start("local", {"/bin/bash", "-c", fmt::format("exec {} local -c <(cat {})", EDGE_BINARY, config)});
  EXPECT_EQ(local->wait(10s), 1);
  EXPECT_NE(local->errors().find("name a file, not a pipe"), std::string::npos) << local->errors();
}

TEST_F(Local, DeadWorkerEndsTheRun) {
  const std::string config = write_config({.video = "synthetic:street?seed=3&frames=0"});
  const auto local = start_local(config);
  ASSERT_TRUE(local->wait_for_message("plan from frame 0 on"));
  for (const pid_t pid : processes_with(config)) {
    const std::string command = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    if (command.find(std::string("worker\0001", 8)) != std::string::npos) ::kill(pid, SIGKILL);
  }
  EXPECT_EQ(local->wait(10s), 128 + SIGKILL);
  EXPECT_NE(local->errors().find("worker 1 ended with status 137"), std::string::npos) << local->errors();
  expect_nobody_left(config);
}

}  // namespace
}  // namespace edge::test
