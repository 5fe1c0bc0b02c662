// Objects in a few words, and the truth about a frame as a line.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "engine/error.h"
#include "roles/report/object_counts.h"
#include "roles/report/truth_line.h"
#include "roles/video/truth.h"
#include "tests/json_schema.h"

namespace edge {
namespace {

std::string counts(const std::vector<int>& classes, const Labels& labels) {
  std::vector<detection::Detection> objects;
  for (const int index : classes) objects.push_back({.class_index = index, .score = 1, .box = {}});
  return object_counts(objects, labels);
}

TEST(ObjectCounts, TheMostFrequentFirst) {
  const Labels labels({"person", "car", "bus", "couch", "dog"});
  EXPECT_EQ(counts({1, 0, 1, 1}, labels), "3 cars, 1 person");
  EXPECT_EQ(counts({0, 2, 2, 0, 0}, labels), "3 people, 2 buses");
  EXPECT_EQ(counts({3, 3, 2}, labels), "2 couches, 1 bus");
  EXPECT_EQ(counts({4, 3, 2, 1}, labels), "1 car, 1 bus, 1 couch, ...")
      << "in the order of classes if as many";
  EXPECT_EQ(counts({}, labels), "no objects");
  EXPECT_EQ(counts({7, 7, 1}, labels), "2 of class 7, 1 car");
  EXPECT_EQ(counts({0}, {}), "1 of class 0");
}

TEST(ObjectCounts, NamesStayOnOneLine) {
  EXPECT_EQ(counts({0}, Labels({"a\nb"})).find('\n'), std::string::npos);
}

TEST(TruthLine, IsWhatTheSchemaSays) {
  const std::vector<SceneObject> objects{
      {.class_index = 0, .left = 10, .top = 20, .right = 90, .bottom = 60, .visible = 1.0 / 3},
      {.class_index = 1, .left = 0, .top = 1, .right = 2, .bottom = 3, .visible = 1}};
  const std::string line = truth_line(7, objects);
  EXPECT_EQ(line, R"({"schema":1,"frame":7,"objects":[)"
                  R"({"class":"car","index":0,"visible":0.333,"box":[10,20,90,60]},)"
                  R"({"class":"person","index":1,"visible":1.0,"box":[0,1,2,3]}]})");
  const test::JsonSchema schema(EDGE_TEST_DATA "/../../../docs/output.schema.json");
  EXPECT_EQ(schema.fault(nlohmann::json::parse(line)), "");
  EXPECT_EQ(schema.fault(nlohmann::json::parse(truth_line(0, {}))), "");
}

TEST(Truth, IsTheScenes) {
  const Truth truth("synthetic:street?seed=7&frames=5&objects=4", {120, 180});
  EXPECT_EQ(truth.frames(), 5U);
  const auto scene = make_scene({.name = "street", .rows = 120, .columns = 180, .seed = 7, .objects = 4});
  std::size_t found = 0;
  for (std::uint64_t frame = 0; frame < 5; ++frame) {
    const auto expected = scene->objects(static_cast<std::int64_t>(frame));
    for (const std::uint64_t pass : {0U, 5U}) {  // the second time if it is played in a loop
      EXPECT_EQ(truth_line(frame, truth.objects(frame + pass)), truth_line(frame, expected));
    }
    found += expected.size();
  }
  EXPECT_GT(found, 0U);
}

TEST(Truth, OthersDoNotKnow) {
  const auto message = [](const std::string& source) -> std::string {
    try {
      const Truth truth(source, {64, 96});
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("/videos/cars.mp4"),
            "/videos/cars.mp4: does not know what is to be found in it; "
            "synthetic:street and synthetic:static do");
  EXPECT_EQ(message("rtsp://me:secret@camera/1").find("secret"), std::string::npos);
  EXPECT_EQ(message("synthetic:noise"),
            "synthetic:noise: has no objects; synthetic:street and synthetic:static do");
  EXPECT_NE(message("synthetic:stret").find("unknown scene"), std::string::npos);
  EXPECT_EQ(message("synthetic:static"), "accepted");
}

}  // namespace
}  // namespace edge
