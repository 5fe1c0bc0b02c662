// Trace files: what is written, and several as one.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "roles/trace/merge.h"
#include "roles/trace/trace_writer.h"

namespace edge::trace {
namespace {

using nlohmann::json;

class Traces : public testing::Test {
 protected:
  Traces() {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("trace_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(directory_);
  }
  ~Traces() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  static std::string text_of(const std::string& file) {
    std::ifstream stream(file);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  std::string refusal(const std::string& text) const {
    std::ofstream(path("bad")) << text;
    try {
      merge_traces({path("bad")}, path("out"));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path directory_;
};

TimePoint at(double seconds) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(std::chrono::duration<double>(seconds)));
}

json only(const json& events, const std::string& phase) {
  json found = json::array();
  for (const json& event : events) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

TEST_F(Traces, WritesChromeEvents) {
  {
    TraceWriter writer(path("a"), "worker 1", first_worker_process + 1);
    writer.add({.track = "compute",
                .name = "layers 1-6",
                .begin = at(2),
                .end = at(2.5),
                .frame = 7,
                .flow = Flow::passes});
    writer.add({.track = "compute", .name = "more", .begin = at(3), .end = at(3)});
  }
  const json events = json::parse(text_of(path("a")));
  const json spans = only(events, "X");
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["ts"], 2e6);
  EXPECT_EQ(spans[0]["dur"], 5e5);
  EXPECT_EQ(spans[0]["args"]["frame"], 7);
  EXPECT_EQ(spans[0]["tid"], spans[1]["tid"]);
  EXPECT_GT(spans[1]["dur"], 0);  // viewers do not show events without a duration
  const json arrows = only(events, "t");
  ASSERT_EQ(arrows.size(), 1U);
  EXPECT_EQ(arrows[0]["id"], 7);
  EXPECT_GT(arrows[0]["ts"], spans[0]["ts"]);  // inside of what it is bound to
  EXPECT_LT(arrows[0]["ts"], 2.5e6);
}

TEST_F(Traces, MergedOnTheMastersClock) {
  {
    TraceWriter master(path("m"), "master", master_process);
    master.set_clock_offset(0);
    master.add({.track = "send",
                .name = "encode",
                .begin = at(100),
                .end = at(101),
                .frame = 0,
                .flow = Flow::begins});
    TraceWriter worker(path("w"), "worker 0", first_worker_process);
    worker.add({.track = "compute", .name = "layers", .begin = at(5), .end = at(6), .frame = 0});
    worker.set_clock_offset(-50);
    worker.set_clock_offset(-96.5);  // known better later on
  }
  merge_traces({path("m"), path("w")}, path("all"));
  const json spans = only(json::parse(text_of(path("all"))), "X");
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["ts"], 100e6);
  EXPECT_EQ(spans[1]["ts"], 101.5e6);
  EXPECT_NE(spans[0]["pid"], spans[1]["pid"]);
}

TEST_F(Traces, AFileThatWasCutOffIsReadAsFarAsItGoes) {
  {
    TraceWriter writer(path("a"), "master", master_process);
    for (int i = 0; i < 10; ++i) writer.add({.track = "t", .name = "n", .begin = at(i), .end = at(i + 1)});
  }
  const std::string text = text_of(path("a"));
  for (std::size_t length = text.size() / 2; length < text.size(); length += 7) {
    std::ofstream(path("cut")) << text.substr(0, length);
    merge_traces({path("cut")}, path("out"));
    EXPECT_GE(only(json::parse(text_of(path("out"))), "X").size(), 3U);
  }
}

TEST_F(Traces, RefusesWhatIsNoTrace) {
  EXPECT_NE(refusal("hello\nworld\n").find("bad:1: not an event"), std::string::npos);
  EXPECT_NE(refusal("[\n{\"ph\":\"X\"},\n{}\n]\n").find("bad:2: not an event"), std::string::npos);
  EXPECT_NE(refusal(R"([
{"ph":"M","pid":1,"name":"clock_offset","args":{"seconds":"soon"}},
{"ph":"M","pid":1,"name":"end"}
])")
                .find("bad:2: a clock offset"),
            std::string::npos);
  EXPECT_NE(refusal("").find("holds no events"), std::string::npos);
  EXPECT_NE(refusal("[\n" + std::string(100000, 'x') + "\n]").find("too long"), std::string::npos);
  EXPECT_THROW(merge_traces({path("missing")}, path("out")), Error);
  EXPECT_THROW(TraceWriter(path("no/such/directory"), "master", 1), Error);
}

}  // namespace
}  // namespace edge::trace
