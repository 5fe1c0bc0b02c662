// `edge local`: the whole chain with one command; no process is left behind.
#include <dirent.h>
#include <fmt/format.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
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

TEST_F(Local, OptionsOfWhatChangesReachWhomTheyConcern) {
  ChainConfig chain{.video = "synthetic:static?seed=3&noise=2&frames=12"};
  chain.gate = 6;
  const std::string config = write_config(chain);
  const auto table_of = [&](const std::vector<std::string>& options) {
    std::filesystem::remove(directory_.path() / "local.err");  // a process adds to what is there
    const auto local = start_local(config, options);
    EXPECT_EQ(local->wait(), 0) << local->errors();
    return local->errors();
  };
  const std::string gated = table_of({});
  EXPECT_NE(gated.find("11 unchanged (not sent)"), std::string::npos) << gated;
  EXPECT_NE(gated.find("worker 0 info: keeps up to "), std::string::npos) << gated;
  const std::string refreshed = table_of({"--refresh", "0.25"});
  EXPECT_NE(refreshed.find("9 unchanged (not sent)"), std::string::npos) << refreshed;
  const std::string all = table_of({"--gate", "0", "--keep", "0", "--values", "int8", "--check"});
  EXPECT_EQ(all.find("unchanged"), std::string::npos) << all;
  EXPECT_EQ(all.find("keeps up to"), std::string::npos) << all;
  EXPECT_NE(all.find("values between workers are int8"), std::string::npos) << all;
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

TEST_F(Local, WritesCostsThatPlanReads) {
  const std::string config = write_config({.schedule = "scheduler = \"load_balance\""});
  const std::string costs = (directory_.path() / "costs.json").string();
  const auto local = start_local(config, {"--frames", "7", "--costs", costs});
  EXPECT_EQ(local->wait(), 0) << local->errors();
  for (const std::vector<std::string>& change :
       std::vector<std::vector<std::string>>{{}, {"--faster", "1=2x", "--link", "0=12.5e6"}}) {
    std::vector<std::string> arguments{"plan", "--costs", costs, "--explain"};
    arguments.insert(arguments.end(), change.begin(), change.end());
    const auto plan = start("plan", edge_command(arguments));
    EXPECT_EQ(plan->wait(), 0) << plan->errors();
    EXPECT_EQ(json_lines(plan->output()).at(0).at("plan").size(), 2U);
  }
  const auto refused = start_local(config, {"--costs", (directory_.path() / "no/costs.json").string()});
  EXPECT_EQ(refused->wait(), 1);
  EXPECT_NE(refused->errors().find("costs.json: cannot be written: No such file or directory"),
            std::string::npos)
      << refused->errors();
}

/// What `command` writes to a terminal, which is all of its streams.
std::string on_a_terminal(std::vector<std::string> command, int& status) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = read(terminal, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  close(terminal);
  waitpid(child, &status, 0);
  return text;
}

TEST_F(Local, OnATerminalPeopleGetAStatusAndTables) {
  const std::string config = write_config({.schedule = "scheduler = \"data_aware\"", .result = "top_k"});
  int status = -1;
  const std::string text = on_a_terminal(edge_command({"local", "-c", config, "--frames", "12"}), status);
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(text.find("{\"schema\""), std::string::npos) << "lines are for programs\n" << text;
  EXPECT_NE(text.find("12/12"), std::string::npos) << text;
  EXPECT_NE(text.find("devices "), std::string::npos) << text;
  EXPECT_NE(text.find("12 frames in"), std::string::npos) << text;
  // Neither log lines, of whatever process, nor tables are glued to a bar: each bar begins with erasing the
  // line, and what comes next erases it.
  std::size_t bars = 0;
  for (std::size_t at = text.find("frames  "); at != std::string::npos; at = text.find("frames  ", at + 1)) {
    if (at >= 10 && text.substr(at - 10, 10) == "layers of ") continue;  // the trainer's bar
    ++bars;
    ASSERT_GE(at, 4U);
    EXPECT_EQ(text.substr(at - 4, 4), "\r\x1b[K");
    const std::size_t next = text.find_first_of("\r\n", at);
    EXPECT_EQ(text.substr(next, 4), "\r\x1b[K") << text.substr(at, 200);
  }
  EXPECT_GE(bars, 1U) << text;
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
