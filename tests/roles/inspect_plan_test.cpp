// Where the plan that `edge inspect` shows comes from.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/error.h"
#include "roles/inspect/inspect_command.h"
#include "roles/inspect/plan_source.h"

namespace edge::inspect {
namespace {

constexpr PlanContext alexnet{.layers = 23, .workers = 0};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "no error";
}

void expect_refused(const std::function<void()>& action, const std::vector<std::string>& parts) {
  const std::string message = message_of(action);
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "no '" << part << "' in: " << message;
}

class InspectPlan : public ::testing::Test {
 protected:
  InspectPlan() {
    file_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("edge_inspect_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() +
             ".jsonl");
  }
  ~InspectPlan() override { std::filesystem::remove(file_); }
  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }

  std::filesystem::path file_;
};

TEST_F(InspectPlan, OfText) {
  const ShownPlan shown = plan_of_text("[[1,6], [], [7,22]]", alexnet);
  EXPECT_EQ(to_string(shown.plan), "1-6 | - | 7-22");
  for (const char* bad : {"", "x", "{}", "[]", "[1,6]", "[[1,6,7]]", "[[1,-6]]", "[[1,6.5]]", "[[1,\"6\"]]",
                          "[[1,99999999999999999999]]", "[[1,6],[7,22]"})
    expect_refused([&] { plan_of_text(bad, alexnet); }, {"--plan: must be [first, last]"});
  expect_refused([&] { plan_of_text(std::string(20'000, '['), alexnet); }, {"--plan: must be"});
  expect_refused([&] { plan_of_text("[[1,6],[8,22]]", alexnet); }, {"--plan", "worker 1", "skipped"});
  expect_refused([&] { plan_of_text("[[1,6],[7,23]]", alexnet); }, {"--plan", "last is 22"});
  expect_refused([&] { plan_of_text("[[1,22]]", {.layers = 23, .workers = 2}); }, {"--plan", "2 workers"});
}

TEST_F(InspectPlan, OfTheLastWholeLine) {
  const std::string first = R"({"frame":1,"plan":[[1,22],[]]})"
                            "\n";
  const std::string second = R"({"frame":2,"plan":[[1,6],[7,22]],"values":[0.5]})";
  write(first + second + "\n");
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-6 | 7-22");
  EXPECT_NE(plan_of_result(file_, alexnet).source.find("frame 2"), std::string::npos);
  write(first + second);  // the line feed is still to come
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-6 | 7-22");
  write(first + second.substr(0, 20));  // and so is the rest of the line
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-22 | -");
  write(first + second + "\r\n\n");
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-6 | 7-22");
}

TEST_F(InspectPlan, LongLinesAreReadWhole) {
  std::string line = R"({"frame":3,"plan":[[1,6],[7,22]],"values":[0)";
  for (int i = 0; i < 100'000; ++i) line += ",0.125";
  line += "]}\n";
  write(line + line);
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-6 | 7-22");
  write(line + line.substr(0, line.size() - 3));
  EXPECT_EQ(to_string(plan_of_result(file_, alexnet).plan), "1-6 | 7-22");
}

TEST_F(InspectPlan, BadResults) {
  const auto read = [&] { plan_of_result(file_, alexnet); };
  expect_refused(read, {"--result", file_.string(), "No such file"});
  expect_refused([&] { plan_of_result(::testing::TempDir(), alexnet); }, {"is a directory"});
  for (const std::string& text :
       {std::string(), std::string("\n\n\n"), std::string("no JSON\n"), std::string("{\"frame\":1}\n"),
        std::string("[1,2]\n"), std::string("{\"plan\":{}}\n"), std::string(300'000, 'x'),
        std::string(300'000, '\n'), std::string(200'000, '[') + "\n"}) {
    write(text);
    expect_refused(read, {"--result", file_.string(), "no plan"});
  }
  write("{\"plan\":[[1,6],[7,140]]}\n");
  expect_refused(read, {"--result", file_.string(), "last is 22"});
}

TEST_F(InspectPlan, OfAConfig) {
  Config config;
  config.file = "here/config.toml";
  config.workers.resize(2);
  EXPECT_FALSE(plan_of_config(config, {.layers = 23, .workers = 2}));
  config.schedule.plans = {{std::pair{1, 6}, std::pair{7, 22}}, {std::pair{1, 22}, {}}};
  EXPECT_FALSE(plan_of_config(config, {.layers = 23, .workers = 2})) << "not used by data_aware";
  config.schedule.scheduler = "fixed";
  const auto shown = plan_of_config(config, {.layers = 23, .workers = 2});
  ASSERT_TRUE(shown);
  EXPECT_EQ(to_string(shown->plan), "1-6 | 7-22");
  EXPECT_EQ(shown->source, "config.toml (the first of 2)");
  expect_refused([&] { plan_of_config(config, {.layers = 14, .workers = 2}); },
                 {"here/config.toml: plan in [schedule]", "last is 13"});
}

TEST_F(InspectPlan, OptionsThatDoNotFit) {
  const auto answer = [](InspectOptions options) { return [options] { answer_inspect(options); }; };
  expect_refused(answer({}), {"--model"});
  expect_refused(answer({.model = "alexnett"}), {"unknown network", "alexnet", "resnet101"});
  for (const char* size : {"", "x", "480", "480x", "x720", "480 720", "480x720x3", "480X720", "-1x720",
                           "+5x5", "0x720", "4.8x72", "99999999999999999999x1"})
    expect_refused(answer({.model = "alexnet", .size = size}), {"--size"});
  expect_refused(answer({.model = "alexnet", .size = "16385x16"}), {"--size"});
  expect_refused(answer({.model = "alexnet", .size = "16384x16384"}), {"--size"});
  expect_refused(answer({.model = "alexnet", .size = "16x16"}), {"16x16", "alexnet"});
  expect_refused(answer({.model = "alexnet", .preprocessing = {.normalize = "x"}}),
                 {"--normalize", "imagenet"});
  expect_refused(answer({.model = "alexnet", .transform_input = true}), {"transform_input", "googlenet"});
  expect_refused(answer({.model = "alexnet", .classes = 0}), {"--classes"});
  expect_refused(answer({.model = "alexnet", .plan = "[[1,22]]", .result = "x"}), {"--plan and --result"});
  expect_refused(answer({.model = "alexnet", .threads = 5000}), {"--threads"});
  expect_refused(answer({.model = "alexnet", .html = "/proc/none/x.html"}), {"--html", "/proc/none/x.html"});
  expect_refused(answer({.config = "/nowhere.toml"}), {"/nowhere.toml"});
}

TEST_F(InspectPlan, ClassesChangeTheClassifier) {
  const std::string json =
      answer_inspect({.model = "toy_dag", .size = "64x96", .classes = 7, .json = true}).output;
  EXPECT_NE(json.find(R"("summary":"linear 7")"), std::string::npos);
}

TEST_F(InspectPlan, WhatIsDoneWithPicturesIsALine) {
  const auto output = [](InspectOptions options) { return answer_inspect(options).output; };
  EXPECT_NE(output({.model = "toy_dag", .size = "64x96"}).find("\npictures: stretch, rgb, 0..1\n"),
            std::string::npos);
  EXPECT_NE(
      output({.model = "street",
              .preprocessing = {.pad = "114", .channels = "bgr", .pixel_range = "255", .mean = "1,2,3"}})
          .find("\npictures: letterbox, pad 114, bgr, 0..255, mean 1 2 3\n"),
      std::string::npos);
  EXPECT_NE(output({.model = "street"}).find("street, 480x720"), std::string::npos);
}

TEST_F(InspectPlan, NormalizationIsALayer) {
  const std::string json =
      answer_inspect(
          {.model = "toy_dag", .size = "64x96", .preprocessing = {.normalize = "imagenet"}, .json = true})
          .output;
  EXPECT_NE(
      json.find(R"({"layer":1,"name":"normalize","operation":"channel_scale","summary":"scale channels")"),
      std::string::npos)
      << json;
}

TEST_F(InspectPlan, MeasuresEachLayer) {
  const InspectAnswer answer = answer_inspect(
      {.model = "toy_dag", .size = "32x32", .features_only = true, .measure = true, .threads = 1});
  EXPECT_NE(answer.output.find("1 thread) with random weights"), std::string::npos) << answer.output;
  EXPECT_NE(answer.output.find(" ms "), std::string::npos);
}

}  // namespace
}  // namespace edge::inspect
