// Bad input gets one clear line and a non-zero exit.
#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class BadInput : public ChainFixture {
 protected:
  /// Runs `edge ARGUMENTS`; expects a non-zero exit and one line of stderr that has all of `parts`.
  void expect_refused(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
    std::filesystem::remove(directory_.path() / "refused.err");
    const auto process = start("refused", edge_command(arguments));
    const int status = process->wait(20s);
    EXPECT_GT(status, 0);
    EXPECT_LT(status, 128) << "it crashed";
    const std::string errors = process->errors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    for (const std::string& part : parts)
      EXPECT_NE(errors.find(part), std::string::npos) << "no '" << part << "' in: " << errors;
  }
  void expect_config_refused(const std::string& text, const std::vector<std::string>& parts) {
    const std::string file = directory_.write("bad.toml", text).string();
    expect_refused({"master", "-c", file}, parts);
    expect_refused({"worker", "0", "-c", file}, parts);
  }
};

constexpr const char* one_worker = "[[workers]]\naddress = \"127.0.0.1:7000\"\n";

TEST_F(BadInput, Config) {
  expect_refused({"master", "-c", "/nowhere/config.toml"}, {"/nowhere/config.toml"});
  expect_config_refused(fmt::format("[schedule]\nscheduller = \"x\"\n{}", one_worker),
                        {"bad.toml:2", "scheduller", "scheduler"});
  expect_config_refused(fmt::format("[schedule]\npending = \"x\"\n{}", one_worker),
                        {"bad.toml:2", "pending"});
  expect_config_refused(fmt::format("[model]\nframe_size = [0, 10]\n{}", one_worker),
                        {"bad.toml:2", "frame_size"});
  expect_config_refused(fmt::format("[model]\nframe_size = [100000, 100000]\n{}", one_worker),
                        {"bad.toml:2", "frame_size"});
  expect_config_refused(fmt::format("{}{}", one_worker, one_worker), {"bad.toml:4", "127.0.0.1:7000"});
  expect_config_refused("[[workers]]\naddress = \"127.0.0.1\"\n", {"bad.toml:2", "port"});
  expect_config_refused("[model\n", {"bad.toml:1"});
  expect_config_refused(fmt::format("[model]\nname = \"alexnett\"\n{}", one_worker), {"alexnett", "alexnet"});
}

TEST_F(BadInput, FilesOfAConfigAreToldWithTheirKey) {
  expect_config_refused(fmt::format("[model]\nname = \"alexnet\"\nweights = \"no.pth\"\n{}", one_worker),
                        {"bad.toml:3: model.weights: ", "no.pth: cannot be opened"});
  expect_config_refused(fmt::format("[model]\nname = \"no.onnx\"\n{}", one_worker),
                        {"bad.toml:2: model.name: ", "no.onnx"});
  expect_config_refused(fmt::format("[model]\nname = \"toy_dag\"\nlabels = \"no.txt\"\n{}", one_worker),
                        {"bad.toml:3: model.labels: ", "no.txt"});
  const std::string video =
      directory_.write("video.toml", fmt::format("{}[video]\nsource = \"no.mp4\"\n", one_worker)).string();
  expect_refused({"master", "-c", video}, {"video.toml:4: video.source: ", "no.mp4"});
}

TEST_F(BadInput, FrameTooSmallForTheNetwork) {
  expect_config_refused(fmt::format("[model]\nname = \"alexnet\"\nframe_size = [16, 16]\n{}", one_worker),
                        {"alexnet", "16x16"});
}

TEST_F(BadInput, CommandLine) {
  const std::string file = write_config({});
  expect_refused({"worker", "2", "-c", file}, {"no worker 2", "config.toml"});
  expect_refused({"worker", "x", "-c", file}, {"worker index 'x'"});
  expect_refused({"worker", "-c", file}, {"which worker"});
  expect_refused({"master", "-c", file, "--frams", "3"}, {"frams"});
  expect_refused({"master", "-c", file, "--log-level", "loud"}, {"loud", "debug"});
}

TEST_F(BadInput, Plans) {
  const auto expect_plan_refused = [&](const std::string& plan, const std::vector<std::string>& parts) {
    const std::string file =
        write_config({.schedule = fmt::format("scheduler = \"fixed\"\nplan = {}", plan)});
    expect_refused({"master", "-c", file}, parts);
  };
  expect_plan_refused("[[1,5],[7,25]]", {"config.toml", "6"});   // skips layer 6
  expect_plan_refused("[[1,5],[5,25]]", {"config.toml", "5"});   // repeats layer 5
  expect_plan_refused("[[1,5],[6,20]]", {"config.toml", "25"});  // ends early
  expect_plan_refused("[[1,5],[6,40]]", {"config.toml", "25"});  // has layers that the network has not
  expect_plan_refused("[[1,25]]", {"config.toml", "2"});         // for one worker of two
}

TEST_F(BadInput, PortInUse) {
  const std::string file = write_config({});
  const auto first = start_worker(0, file);
  ASSERT_TRUE(first->wait_for_message("listens on port"));
  expect_refused({"worker", "0", "-c", file}, {fmt::format("{}", ports_[0]), "in use"});
}

TEST_F(BadInput, Video) {
  const auto expect_video_refused = [&](const std::string& video, const std::vector<std::string>& parts) {
    expect_refused({"master", "-c", write_config({.video = video})}, parts);
  };
  expect_video_refused("missing.mp4", {"missing.mp4"});
  expect_video_refused("synthetic:streat", {"streat", "street"});
  directory_.write("broken.mp4", "this is no video");
  expect_video_refused("broken.mp4", {"broken.mp4"});
}

TEST_F(BadInput, VideoThatEndsInTheMiddleOfAFrame) {
  const int bytes = 3 * 64 * 96;
  directory_.write("short.rgb", std::string(static_cast<std::size_t>(2 * bytes + bytes / 2), 'x'));
  const std::string file = write_config({.video = "short.rgb"});
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(), 1) << master->errors();
  EXPECT_EQ(json_lines(master->output()).size(), 2U) << "whole frames before the break count";
  EXPECT_NE(master->errors().find("short.rgb"), std::string::npos);
}

TEST_F(BadInput, OtherModelIsRefusedAtBothEnds) {
  const std::string file = write_config({});
  const std::string other = write_config({.seed = 2}, "other", true);
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, other);
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(20s), 1);
  const std::string expected = "use the same [model] on all devices";
  EXPECT_NE(master->errors().find(expected), std::string::npos) << master->errors();
  EXPECT_NE(master->errors().find("seed 2"), std::string::npos) << master->errors();
  EXPECT_NE(master->errors().find("they differ in seed"), std::string::npos) << master->errors();
  EXPECT_TRUE(second->wait_for_message(expected));
  EXPECT_TRUE(first->running());
  EXPECT_TRUE(second->running());
}

TEST_F(BadInput, WrongWorkerBehindAnAddress) {
  const std::string file = write_config({});
  std::swap(ports_[0], ports_[1]);
  const std::string swapped = write_config({}, "swapped", true);
  const auto first = start_worker(0, file);
  const auto second = start_worker(1, file);
  const auto master = start_master(swapped);
  EXPECT_EQ(master->wait(20s), 1);
  EXPECT_NE(master->errors().find("check the addresses"), std::string::npos) << master->errors();
}

TEST_F(BadInput, CheckNoticesOtherArithmetic) {
  // OpenBLAS adds up in another order: same ISA, other bits. Not an error of the chain, but what check is
  // for.
  ChainConfig config{.network = "alexnet", .features_only = true};
  config.extra = "check = true";
  const std::string file = write_config(config);
  const auto first = start_worker(0, file, {{"EDGE_GEMM", "openblas"}});
  const auto second = start_worker(1, file);
  const auto master = start_master(file);
  EXPECT_EQ(master->wait(), 1);
  EXPECT_NE(master->errors().find("the chain's output differs from the master's"), std::string::npos)
      << master->errors();
}

}  // namespace
}  // namespace edge::test
