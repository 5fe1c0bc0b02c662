// Chains with weights from files: the same results, labels, and bad or different files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "engine/models/models.h"
#include "tests/end_to_end/chain_fixture.h"
#include "tests/roles/weight_files.h"

namespace edge::test {
namespace {

class Weights : public ChainFixture {
 protected:
  static constexpr const char* video = "synthetic:street?seed=3&frames=5";

  std::string save(const std::string& name, std::uint64_t seed,
                   const std::function<void(NamedTensors&)>& change = {}) {
    const std::string file = (directory_.path() / name).string();
    save_seeded_weights(make_model("toy_dag", {.rows = 64, .columns = 96}), seed, file, change);
    return file;
  }
  std::string run(const std::vector<std::string>& arguments, int expected_status) {
    std::filesystem::remove(directory_.path() / "run.out");
    std::filesystem::remove(directory_.path() / "run.err");
    const auto process = start("run", edge_command(arguments));
    EXPECT_EQ(process->wait(20s), expected_status) << process->errors();
    return process->output() + process->errors();
  }
};

TEST_F(Weights, ResultsAreThoseOfTheSameWeightsWithoutAFile) {
  save("w.safetensors", 1);
  const auto lines =
      run_chain({.video = video, .result = "top_k", .model_lines = "weights = \"w.safetensors\""});
  for (const nlohmann::json& line : lines) {
    ASSERT_EQ(line.at("top_k").size(), 5U);
    for (const nlohmann::json& entry : line.at("top_k")) {
      ASSERT_EQ(entry.size(), 3U) << line;
      EXPECT_FALSE(entry.at("class").get<std::string>().empty());
    }
  }
  EXPECT_EQ(directory_.read("master.err").find("no trained weights"), std::string::npos);
  EXPECT_EQ(checksums(lines), checksums(run_chain({.video = video})));
  EXPECT_NE(directory_.read("master.err").find("no trained weights"), std::string::npos);
}

TEST_F(Weights, ConvertedFilesHoldTheSame) {
  const std::string file = save("w.safetensors", 1);
  const std::string half = (directory_.path() / "half.safetensors").string();
  EXPECT_NE(run({"convert", file, half, "--dtype", "f16"}, 0).find("half.safetensors: "), std::string::npos);
  const std::string again = (directory_.path() / "again.safetensors").string();
  run({"convert", half, again}, 0);
  // One device has float16, the other the same values as float32.
  const std::string config = write_config({.video = video, .model_lines = "weights = \"half.safetensors\""});
  const std::string other =
      write_config({.video = video, .model_lines = "weights = \"again.safetensors\""}, "other", true);
  const auto first = start_worker(0, config);
  const auto second = start_worker(1, other);
  const auto master = start_master(config);
  EXPECT_EQ(master->wait(), 0) << master->errors();
  EXPECT_EQ(json_lines(master->output()).size(), 5U);
}

TEST_F(Weights, DevicesWithOtherWeightsAreRefused) {
  save("a.safetensors", 1);
  save("b.safetensors", 1, [](NamedTensors& tensors) { tensors["fc.bias"].data()[0] += 0.001F; });
  const std::string config = write_config({.video = video, .model_lines = "weights = \"a.safetensors\""});
  const std::string other =
      write_config({.video = video, .model_lines = "weights = \"b.safetensors\""}, "other", true);
  const auto first = start_worker(0, config);
  const auto second = start_worker(1, other);
  const auto master = start_master(config);
  EXPECT_EQ(master->wait(20s), 1);
  EXPECT_NE(master->errors().find("use the same [model] on all devices"), std::string::npos)
      << master->errors();
  EXPECT_NE(master->errors().find("b.safetensors ("), std::string::npos) << master->errors();
}

TEST_F(Weights, BadFilesAreRefusedInOneLine) {
  const std::string data = std::string(EDGE_SOURCE_DIRECTORY) + "/tests/engine/data/";
  const auto expect_refused = [&](const std::string& model_lines, const std::vector<std::string>& parts) {
    const std::string config = write_config({.video = video, .model_lines = model_lines});
    for (const std::vector<std::string>& role :
         std::vector<std::vector<std::string>>{{"master"}, {"worker", "0"}}) {
      std::vector<std::string> arguments = role;
      arguments.insert(arguments.end(), {"-c", config});
      const std::string said = run(arguments, 1);
      EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
      for (const std::string& part : parts) EXPECT_NE(said.find(part), std::string::npos) << said;
    }
  };
  expect_refused("weights = \"missing.pth\"", {"missing.pth", "No such file"});
  expect_refused(fmt::format("weights = \"{}attack.pth\"", data),
                 {"attack.pth", "it holds no state dict: no tensors by name"});
  expect_refused(fmt::format("weights = \"{}attack.legacy.pth\"", data), {"no tensors by name"});
  expect_refused(fmt::format("weights = \"{}module.pth\"", data),
                 {"does not fit toy_dag", "missing: stem.conv.weight"});
  const std::string whole = read_file(save("w.safetensors", 1));
  directory_.write("short.safetensors", whole.substr(0, whole.size() / 2));
  expect_refused("weights = \"short.safetensors\"", {"short.safetensors", "cut off"});
  save("nan.safetensors", 1, [](NamedTensors& tensors) { tensors["fc.bias"].data()[3] = NAN; });
  expect_refused("weights = \"nan.safetensors\"", {"nan.safetensors: infinite or NaN: fc.bias (1 values)"});
  directory_.write("labels.txt", "one\ntwo\n");
  expect_refused("weights = \"w.safetensors\"\nlabels = \"labels.txt\"",
                 {"labels.txt: 2 names", "1000 classes"});
}

}  // namespace
}  // namespace edge::test
