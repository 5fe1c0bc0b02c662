// Costs files: what is accepted, and the one line for everything else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"
#include "roles/plan/costs_file.h"
#include "roles/plan/plan_command.h"
#include "roles/scheduling/pipeline_model.h"

namespace edge::plan {
namespace {

using nlohmann::json;

/// Two workers, three layers with the input's, two frames.
json valid() {
  return json::parse(R"({"layer_cost": [0, 0.5, 1], "capacity": [1, 2], "bandwidth": [1e6, 1e6],
    "cached": [[0], []], "raw_bytes": [[9, 8, 7], [9, 8, 7]], "delta_bytes": [[3, 2, 1], [3, 2, 1]],
    "stage_ready": [0, 0, 0.5, 0]})");
}

std::string message(const std::string& text) {
  try {
    parse_costs(text, "costs.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string message_with(const char* key, const char* value) {
  json object = valid();
  object[key] = json::parse(value);
  return message(object.dump());
}

TEST(CostsFile, Valid) {
  const scheduling::Costs costs = parse_costs(valid().dump(), "costs.json");
  EXPECT_EQ(costs.frames(), 2U);
  EXPECT_EQ(costs.delta_bytes[1], (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(costs.cached[0], (std::vector<LayerIndex>{0}));
  EXPECT_TRUE(costs.boundary.empty());
  EXPECT_EQ(costs.later_frames, scheduling::LaterFrames::whole);
}

TEST(CostsFile, OtherNotations) {
  json object = valid();
  object["diff_bytes"] = object["delta_bytes"];
  object.erase("delta_bytes");
  object["raw_bytes"] = {9, 8, 7};  // the same for every frame
  object["later_frames"] = "delta";
  object["inputs"] = {json::array(), {0}, {0, 1}};
  const scheduling::Costs costs = parse_costs(object.dump(), "costs.json");
  EXPECT_EQ(costs.raw_bytes, (std::vector<std::vector<double>>{{9, 8, 7}, {9, 8, 7}}));
  EXPECT_EQ(costs.boundary[2], (std::vector<LayerIndex>{0, 1}));
  EXPECT_EQ(costs.later_frames, scheduling::LaterFrames::delta);
}

TEST(CostsFile, MissingAndUnknownKeys) {
  for (const char* key :
       {"layer_cost", "capacity", "bandwidth", "cached", "raw_bytes", "delta_bytes", "stage_ready"}) {
    json object = valid();
    object.erase(key);
    EXPECT_EQ(message(object.dump()).find(fmt::format("costs.json: {}: is missing", key)), 0U) << key;
  }
  EXPECT_EQ(message_with("bandwidht", "[1]"),
            "costs.json: bandwidht: unknown key; did you mean 'bandwidth'?");
  EXPECT_EQ(
      message_with("diff_bytes", "[1]"),
      "costs.json: diff_bytes: is another name of delta_bytes, which is there, too; leave one of them out");
  EXPECT_EQ(message(R"({"capacity": [1], "capacity": [2]})"), "costs.json: capacity: is there twice");
}

TEST(CostsFile, BadNumbers) {
  EXPECT_EQ(message_with("bandwidth", "[1, -3]"),
            "costs.json: bandwidth[1]: must be a number above 0, not -3");
  EXPECT_EQ(message_with("capacity", "[1, 0]"), "costs.json: capacity[1]: must be a number above 0, not 0");
  EXPECT_EQ(message_with("layer_cost", "[0, 1, null]"),
            "costs.json: layer_cost[2]: must be a number from 0 on, not null");
  EXPECT_EQ(message_with("layer_cost", "[0, 1, 1e300]"),
            "costs.json: layer_cost[2]: must be a number from 0 on, not 1e+300");
  EXPECT_EQ(message_with("stage_ready", "[0, 0, \"soon\", 0]"),
            "costs.json: stage_ready[2]: must be a number from 0 on, not \"soon\"");
  EXPECT_EQ(message_with("delta_bytes", "[[1, 2, 3], [1, -2, 3]]"),
            "costs.json: delta_bytes[1][1]: must be a number from 0 on, not -2");
  EXPECT_EQ(message_with("cached", "[[0], [3]]"), "costs.json: cached[1][0]: must be a layer, 0 to 2, not 3");
  EXPECT_EQ(message_with("cached", "[[0], [1.5]]"),
            "costs.json: cached[1][0]: must be a layer, 0 to 2, not 1.5");
  EXPECT_EQ(message_with("inputs", "[[], [0], [2]]"),
            "costs.json: inputs[2][0]: must be a layer, 0 to 1, not 2");
  EXPECT_EQ(message_with("later_frames", "1"),
            "costs.json: later_frames: must be \"delta\" or \"whole\", not 1");
}

TEST(CostsFile, BadPartsAndOverheads) {
  EXPECT_EQ(message_with("dirty_share", "[0, 0.5, 1.5]"),
            "costs.json: dirty_share[0][2]: must be a share, 0 to 1, not 1.5");
  EXPECT_EQ(message_with("dirty_share", "[[0, 0.5, 1]]").find("costs.json: dirty_share: has 1 entries"), 0U);
  EXPECT_EQ(message_with("part_cost", "[[0.03, 1.3], [1]]"),
            "costs.json: part_cost[1]: must be [fixed, variable], parts of a layer's seconds");
  EXPECT_EQ(message_with("part_cost", "[[0.03, 1.3]]"),
            "costs.json: part_cost: has 1 entries, but must have 2, one per worker");
  EXPECT_EQ(message_with("kept", "[[1, 3], []]"), "costs.json: kept[0][1]: must be a layer, 0 to 2, not 3");
  EXPECT_EQ(message_with("kept", "[[2, 1], []]"),
            "costs.json: kept[0]: must be [first, last] layer, from 1 on");
  EXPECT_EQ(
      message_with("link_offset", "[[-0.01, 9, 9], [0, 0, 1]]"),
      "costs.json: link_offset[0]: must be [seconds, from bytes, until bytes], where until is more than "
      "from");
  EXPECT_EQ(message_with("link_offset", "[[\"x\", 0, 9], [0, 0, 1]]"),
            "costs.json: link_offset[0][0]: must be a number, not \"x\"");
  EXPECT_EQ(message_with("return_s", "-1"), "costs.json: return_s[0]: must be a number from 0 on, not -1");
  EXPECT_EQ(message_with("coding_s", "[[1, 2, 3]]"),
            "costs.json: coding_s: has 1 entries, but must have 2, one per worker");
  EXPECT_EQ(
      message_with("known_ranges", "[[0, 1, 2, 1]]"),
      "costs.json: known_ranges[0]: must be [worker, first layer, last layer, factor, factor of parts]");
  EXPECT_EQ(message_with("known_ranges", "[[2, 1, 2, 1, 1]]"),
            "costs.json: known_ranges[0][0]: must be a layer, 0 to 1, not 2");
  EXPECT_EQ(message_with("known_ranges", "[[1, 0, 2, 1, 1]]"),
            "costs.json: known_ranges[0]: must be [first, last] layer, from 1 on");
}

TEST(CostsFile, BadTriedPlans) {
  EXPECT_EQ(message_with("tried", "[[1.1, 1, 2]]"), "accepted");
  EXPECT_EQ(message_with("tried", "[[1.1, 0, 2]]"), "accepted");
  EXPECT_EQ(message_with("tried", "[[1.1, 2]]"),
            "costs.json: tried[0]: must be [factor, last layer of worker 0, of worker 1 ..]");
  EXPECT_EQ(message_with("tried", "[[0, 1, 2]]"),
            "costs.json: tried[0]: must be [factor, last layer of worker 0, of worker 1 ..]");
  EXPECT_EQ(message_with("tried", "[[1, 1, 3]]"), "costs.json: tried[0][1]: must be a layer, 0 to 2, not 3");
  EXPECT_EQ(message_with("tried", "[[1, 2, 1]]"),
            "costs.json: tried[0]: must be a plan: last layers in order, the last one the network's");
}

/// Workers that keep outputs: a frame takes what it changes, the first one too if the layers are the same.
TEST(CostsFile, PartsAreComputed) {
  json object = valid();
  object["dirty_share"] = {0.1, 0.2, 0.4};
  object["part_cost"] = {{0.1, 1}, {0.2, 2}};
  object["kept"] = {{1, 2}, json::array()};
  const scheduling::Costs costs = parse_costs(object.dump(), "costs.json");
  const auto computing = [&](const scheduling::Plan& plan, std::size_t frame, std::size_t worker) {
    return scheduling::PipelineModel(costs).stage_costs(plan)[frame][2 * worker + 1];
  };
  const scheduling::Plan on_first{.ends = {3, 3}}, on_second{.ends = {1, 3}};
  EXPECT_NEAR(computing(on_first, 0, 0), 0.5 * 0.3 + 1 * 0.5, 1e-12);
  EXPECT_NEAR(computing(on_second, 0, 1), (0.5 + 1) / 2, 1e-12) << "it has kept nothing";
  EXPECT_NEAR(computing(on_second, 1, 1), (0.5 * 0.6 + 1 * 1) / 2, 1e-12);
}

TEST(CostsFile, BadLengths) {
  EXPECT_EQ(message_with("bandwidth", "[1]"),
            "costs.json: bandwidth: has 1 entries, but must have 2, one per worker");
  EXPECT_EQ(message_with("raw_bytes", "[[9, 8, 7], [9, 8]]"),
            "costs.json: raw_bytes[1]: has 2 entries, but must have 3, one per layer");
  EXPECT_EQ(
      message_with("raw_bytes", "[[9, 8, 7]]"),
      "costs.json: raw_bytes: has 1 entries, but must have 2, one per frame of the group, as in delta_bytes");
  EXPECT_EQ(message_with("delta_bytes", "[]"),
            "costs.json: delta_bytes: has 0 entries, but must have 3, one per layer");
  EXPECT_EQ(message_with("stage_ready", "[0, 0]").find("costs.json: stage_ready: has 2 entries"), 0U);
  EXPECT_EQ(message_with("layer_cost", "[0]").find("costs.json: layer_cost: has 1 layers"), 0U);
  EXPECT_EQ(message_with("capacity", "[]"), "costs.json: capacity: has 0 workers, but must have 1 to 128");
  EXPECT_EQ(message_with("capacity", "3"), "costs.json: capacity: must be an array, not 3");
}

TEST(CostsFile, NoJson) {
  const std::string text = valid().dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string line = message(text.substr(0, size));
    ASSERT_EQ(line.find("costs.json: "), 0U) << size;
    ASSERT_NE(line.find("not valid JSON"), line.npos) << line;
    ASSERT_EQ(line.find('\n'), line.npos);
  }
  const std::string nan = message(R"({"capacity": [1, NaN]})");
  EXPECT_EQ(nan.find("costs.json: capacity: not valid JSON: line 1, column"), 0U) << nan;
  EXPECT_NE(message(R"({"capacity": [1e999]})").find("costs.json: capacity: not valid JSON"),
            std::string::npos);
  EXPECT_EQ(message("[1]").find("costs.json: must be a JSON object"), 0U);
  EXPECT_EQ(message(std::string(1'000'000, '[')), "costs.json: nested more deeply than arrays of arrays");
  EXPECT_EQ(message("{\"cached\": " + std::string(1'000'000, '[')),
            "costs.json: cached: nested more deeply than arrays of arrays");
  EXPECT_EQ(message(std::string(std::size_t{33} << 20, ' ')),
            "costs.json: larger than 32 MiB; this is no costs file");
}

class PlanCommand : public testing::Test {
 protected:
  PlanCommand()
      : directory_(
            std::filesystem::path(testing::TempDir()) /
            fmt::format("edge-plan-{}", testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(directory_);
  }
  ~PlanCommand() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path write(const char* name, const json& content) {
    std::ofstream(directory_ / name) << content;
    return directory_ / name;
  }
  std::filesystem::path directory_;
};

TEST_F(PlanCommand, PlanFinishAndStages) {
  const PlanAnswer answer = answer_plan({.costs = write("costs.json", valid())});
  const json result = json::parse(answer.json);
  EXPECT_EQ(result.at("scheduler"), "data_aware");
  EXPECT_EQ(result.at("plan").size(), 2U);
  EXPECT_EQ(result.at("stages").size(), 2U);
  EXPECT_EQ(result.at("stages")[1].size(), 4U);
  EXPECT_EQ(result.at("finish_s"), result.at("stages")[1][3]);
  EXPECT_FALSE(result.contains("simulation"));
  EXPECT_TRUE(answer.explanation.empty());
}

TEST_F(PlanCommand, EverySchedulerAndAGivenPlan) {
  const auto costs = write("costs.json", valid());
  for (const char* name : {"data_aware", "neighborhood_search", "load_balance", "one_side"}) {
    EXPECT_EQ(json::parse(answer_plan({.costs = costs, .scheduler = name}).json).at("scheduler"), name);
  }
  const json fixed =
      json::parse(answer_plan({.costs = costs, .scheduler = "fixed", .plan = "[[], [1, 2]]"}).json);
  EXPECT_EQ(fixed.at("plan"), json::parse("[[], [1, 2]]"));
  for (const char* bad :
       {"", "[[1, 2]]", "[[1, 1], [1, 2]]", "[[1, 1], [2, 3]]", "[[1], [2]]", "{}", "[[-1, 2], []]"}) {
    EXPECT_THROW(answer_plan({.costs = costs, .scheduler = "fixed", .plan = bad}), Error) << bad;
  }
  EXPECT_THROW(answer_plan({.costs = costs, .scheduler = "fixed"}), Error);
  EXPECT_THROW(answer_plan({.costs = costs, .scheduler = "magic"}), Error);
  EXPECT_THROW(answer_plan({.costs = directory_ / "none.json"}), Error);
  EXPECT_THROW(answer_plan({.costs = directory_}), Error);
}

TEST_F(PlanCommand, ExplainsAndSimulates) {
  const PlanAnswer answer = answer_plan(
      {.costs = write("costs.json", valid()), .explain = true, .simulated_frames = 10, .pending = 1});
  EXPECT_NE(answer.explanation.find("one_side, cloud"), std::string::npos);
  EXPECT_NE(answer.explanation.find("runner-up: "), std::string::npos);
  const json simulation = json::parse(answer.json).at("simulation");
  EXPECT_EQ(simulation.at("frames"), 10);
  EXPECT_NEAR(simulation.at("fps").get<double>() * simulation.at("duration_s").get<double>(), 10, 1e-9);
  // One frame at a time: as many latencies as frames fill the time.
  EXPECT_NEAR(simulation.at("latency_s").at("mean").get<double>() * 10,
              simulation.at("duration_s").get<double>(), 1e-9);
}

TEST_F(PlanCommand, ProfilesInsteadOfCosts) {
  json costs = valid();
  costs.erase("layer_cost");
  costs.erase("capacity");
  costs["profiles"] = {"pi4.json", "pi5.json"};
  write("pi4.json", {{"format", 1}, {"key", {{"isa", "neon"}}}, {"layer_cost", {0.0, 0.5, 1.0}}});
  write("pi5.json", {{"layer_cost", {0.0, 0.25, 0.35}}});
  const scheduling::Costs read = load_costs(write("costs.json", costs));
  EXPECT_EQ(read.layer_cost, (std::vector<double>{0, 0.5, 1}));
  EXPECT_DOUBLE_EQ(read.capacity[1], 2.5);
  write("pi5.json", {{"layer_cost", {0.0, 0.25}}});
  EXPECT_THROW(load_costs(directory_ / "costs.json"), Error);
  std::filesystem::remove(directory_ / "pi5.json");
  EXPECT_THROW(load_costs(directory_ / "costs.json"), Error);
}

}  // namespace
}  // namespace edge::plan
