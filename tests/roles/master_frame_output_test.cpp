#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "roles/master/frame_output.h"

namespace edge {
namespace {

const ModelConfig output_model = {.name = "toy_dag", .rows = 32, .columns = 32};

class FrameOutputTest : public ::testing::Test {
 protected:
  FrameOutputTest() {
    file_ = std::filesystem::path(testing::TempDir()) /
            ("frame_output_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    config_.model = output_model;
    config_.workers.resize(2);
    config_.video.source = "rtsp://me:secret@camera/1";
    config_.output = {.file = file_.string(), .result = ResultKind::checksum};
  }
  ~FrameOutputTest() override { std::filesystem::remove(file_); }

  FrameUnderWay frame(std::uint64_t number) const {
    FrameUnderWay frame;
    frame.frame = number;
    frame.video_index = number + 100;  // some were dropped
    frame.dropped = 100;
    frame.video_s = 4.25;
    frame.captured = started_;
    frame.finished = started_ + std::chrono::milliseconds(250);
    frame.plan = {.ends = {7, model_.graph.size()}};
    frame.result = chain::Result{.frame = number,
                                 .run = {},
                                 .stages = {{.worker = -1},
                                            {.worker = 0, .receive_bytes = 1000},
                                            {.worker = 1, .receive_bytes = 500},
                                            {.worker = 77, .receive_bytes = 5}},
                                 .checksum = 0xabc};
    return frame;
  }
  std::vector<nlohmann::json> lines() const {
    std::ifstream file(file_);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::filesystem::path file_;
  Config config_;
  const Model model_ = load_model(output_model);
};

TEST_F(FrameOutputTest, OneLinePerFrame) {
  LineOutput results(file_.string(), Existing::overwrite);
  FrameOutput output(config_, model_, results, started_, 0xabcdef);
  for (std::uint64_t number = 0; number < 3; ++number) output.write(frame(number));
  const auto written = lines();  // each line is complete as soon as its frame was written
  ASSERT_EQ(written.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(written[i].at("frame"), i + 100) << "it counts the frames of the video";
    EXPECT_EQ(written[i].at("checksum"), "00000abc");
    EXPECT_EQ(written[i].at("run"), "0000000000abcdef");
    EXPECT_EQ(written[i].at("source"), "rtsp://***@camera/1");
    EXPECT_EQ(written[i].at("dropped"), 100);
    EXPECT_EQ(written[i].at("video_s"), 4.25);
  }
}

TEST_F(FrameOutputTest, ObjectsWithTheirOwnNames) {
  config_.output.result = ResultKind::top_k;
  const Labels labels({"car", "person"});
  LineOutput results(file_.string(), Existing::overwrite);
  FrameOutput output(config_, model_, results, started_, 0xabcdef, &labels);
  FrameUnderWay detected = frame(0);
  detected.result->has_objects = true;
  detected.result->objects = {{.class_index = 1, .score = 0.5F, .box = {1, 2, 3, 4}}};
  output.write(detected);
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].at("objects"),
            nlohmann::json::parse(R"([{"class":"person","index":1,"score":0.5,"box":[1.0,2.0,3.0,4.0]}])"));
  EXPECT_FALSE(written[0].contains("top_k"));
}

TEST_F(FrameOutputTest, NamesAFileThatIsFull) {
  LineOutput results("/dev/full", Existing::keep);
  FrameOutput output(config_, model_, results, started_, 0xabcdef);
  EXPECT_THROW(output.write(frame(0)), Error);
}

}  // namespace
}  // namespace edge
