// One line of JSON per frame, as exact text.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "roles/report/json_line.h"
#include "tests/json_schema.h"

namespace edge {
namespace {

/// 2025-01-31T23:59:58.5Z
const RunFacts run{
    .id = "00000000000000ff",
    .source = "rtsp://***@camera/1",
    .started = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'738'367'998'500))};

FrameRecord frame() {
  FrameRecord record;
  record.frame = 12;
  record.dropped = 3;
  record.video_s = 0.48;
  record.captured_s = 1.25;
  record.finished_s = 2.0000004;
  record.plan.ends = {7, 7, 14, 14};
  record.links = {
      {210'300, 4'147'200, 1'036'800}, {67'100, 301'056, 301'056}, {67'000, 301'056, 301'056}, {}};
  return record;
}

const std::string front =
    R"({"schema":1,"run":"00000000000000ff","source":"rtsp://***@camera/1","frame":12,"dropped":3,)"
    R"("video_s":0.48,"captured":"2025-01-31T23:59:59.750Z","time":"2025-02-01T00:00:00.500Z","captured_at":1.25,"finished_at":2.0,"latency_s":0.75,)"
    R"("plan":[[1,6],[],[7,13],[]],"bytes":[210300,67100,67000,0],"raw_float_bytes":[4147200,301056,301056,0],)"
    R"("checksum":"0000beef")";

/// Every line of these tests is what the schema says.
std::string line(ResultKind kind, const FrameResult& result) {
  const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
  std::string text = json_line(run, frame(), kind, result);
  EXPECT_EQ(schema.fault(nlohmann::json::parse(text)), "") << text;
  return text;
}

TEST(JsonLine, Checksum) {
  EXPECT_EQ(line(ResultKind::checksum, {.checksum = 0xbeef}), front + "}");
}

TEST(JsonLine, TopK) {
  const FrameResult result{.checksum = 0xbeef, .top_k = {{17, 0.1F}, {3, 1.0F / 3}, {0, 1e-30F}}};
  EXPECT_EQ(line(ResultKind::top_k, result), front +
                                                 R"(,"top_k":[{"class":null,"index":17,"probability":0.1},)"
                                                 R"({"class":null,"index":3,"probability":0.33333334},)"
                                                 R"({"class":null,"index":0,"probability":1e-30}]})");
  EXPECT_EQ(line(ResultKind::top_k, {.checksum = 0xbeef}), front + R"(,"top_k":[]})");
}

TEST(JsonLine, TopKWithLabels) {
  const Labels labels = Labels::imagenet();
  const FrameResult result{.checksum = 0xbeef, .top_k = {{17, 0.5F}, {1000, 0.25F}}, .labels = &labels};
  EXPECT_EQ(line(ResultKind::top_k, result), front +
                                                 R"(,"top_k":[{"class":"jay","index":17,"probability":0.5},)"
                                                 R"({"class":null,"index":1000,"probability":0.25}]})");
}

TEST(JsonLine, WithoutTimeStamp) {
  FrameRecord record = frame();
  record.video_s.reset();
  const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
  auto json = nlohmann::json::parse(json_line(run, record, ResultKind::checksum, {}));
  EXPECT_TRUE(json.at("video_s").is_null());
  EXPECT_EQ(schema.fault(json), "");
  // The schema does find faults.
  for (const auto& key : {"schema", "run", "source", "dropped", "captured"}) {
    auto without = json;
    without.erase(key);
    EXPECT_NE(schema.fault(without), "") << key;
  }
  json["top_k"] = {{{"class", "jay"}, {"index", -1}, {"probability", 0.5}}};
  EXPECT_NE(schema.fault(json), "");
  json["top_k"] = {{17, 0.5, "jay"}};
  EXPECT_NE(schema.fault(json), "");
}

TEST(JsonLine, AllValuesComeBackBitForBit) {
  const std::vector<float> values{0.1F,
                                  -0.0F,
                                  16777217.0F,
                                  std::numeric_limits<float>::max(),
                                  std::numeric_limits<float>::denorm_min(),
                                  std::numeric_limits<float>::infinity()};
  const FrameResult result{.checksum = 0xbeef, .outputs = {{"fc", {1, 2, 3, 1}, values}}};
  const std::string text = line(ResultKind::full, result);
  EXPECT_EQ(text.substr(0, front.size() + 34), front + R"(,"shape":[1,2,3,1],"values":[0.1,-)");
  const nlohmann::json parsed = nlohmann::json::parse(text);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(static_cast<float>(parsed["values"][i].get<double>()), values[i]);
  }
  EXPECT_TRUE(parsed["values"][5].is_null());
}

TEST(JsonLine, SeveralOutputsHaveNames) {
  const std::vector<float> first{0.5F, -1}, second{2};
  const FrameResult result{.checksum = 0xbeef,
                           .outputs = {{"scores", {1, 2}, first}, {"boxes/0", {1}, second}}};
  EXPECT_EQ(line(ResultKind::full, result),
            front + R"(,"outputs":[{"name":"scores","shape":[1,2],"values":[0.5,-1.0]},)"
                    R"({"name":"boxes/0","shape":[1],"values":[2.0]}]})");
}

TEST(JsonLine, ObjectsStandInThePlaceOfClasses) {
  const std::vector<detection::Detection> objects{
      {.class_index = 1, .score = 0.83F, .box = {12.5F, 0, 99.1F, 480}},
      {.class_index = 0, .score = 0.4F, .box = {0, 1, 2, 3}}};
  const Labels labels({"car", "person"});
  FrameResult result{.checksum = 0xbeef, .labels = &labels, .objects = objects};
  const std::string text =
      R"(,"objects":[{"class":"person","index":1,"score":0.83,"box":[12.5,0.0,99.1,480.0]},)"
      R"({"class":"car","index":0,"score":0.4,"box":[0.0,1.0,2.0,3.0]}])";
  EXPECT_EQ(line(ResultKind::top_k, result), front + text + "}");
  const std::vector<float> values{1};
  result.outputs = {{"heads", {1}, values}};
  EXPECT_EQ(line(ResultKind::full, result), front + text + R"(,"shape":[1],"values":[1.0]})");
  result = {.checksum = 0xbeef, .objects = std::span<const detection::Detection>()};
  EXPECT_EQ(line(ResultKind::top_k, result), front + R"(,"objects":[]})");
  result.objects = std::span(objects).first(1);
  EXPECT_NE(line(ResultKind::top_k, result).find(R"("class":null,"index":1)"), std::string::npos)
      << "no names";
}

TEST(JsonLine, TheSchemaFindsFaultsInObjects) {
  const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
  const nlohmann::json object = {{"class", "car"}, {"index", 0}, {"score", 0.5}, {"box", {1, 2, 3, 4}}};
  auto json = nlohmann::json::parse(json_line(run, frame(), ResultKind::checksum, {}));
  json["objects"] = nlohmann::json::array({object});
  EXPECT_EQ(schema.fault(json), "");
  for (const char* const key : {"class", "index", "score", "box"}) {
    json["objects"][0] = object;
    json["objects"][0].erase(key);
    EXPECT_NE(schema.fault(json), "") << key;
  }
  json["objects"][0] = object;
  json["objects"][0]["box"] = {1, 2, 3};
  EXPECT_NE(schema.fault(json), "");
  json["objects"][0]["box"] = {-1, 2, 3, 4};
  EXPECT_NE(schema.fault(json), "") << "boxes are clipped to the picture";
}

}  // namespace
}  // namespace edge
