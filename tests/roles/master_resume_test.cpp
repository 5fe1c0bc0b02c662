#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/error.h"
#include "roles/master/resume.h"

namespace edge {
namespace {

class Resume : public ::testing::Test {
 protected:
  Resume()
      : directory_(std::filesystem::temp_directory_path() / ("edge_resume_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~Resume() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& text) const {
    std::ofstream(directory_ / "lines.jsonl", std::ios::binary) << text;
    return (directory_ / "lines.jsonl").string();
  }
  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  static std::string line(int frame) {
    return "{\"source\":\"v.mp4\",\"frame\":" + std::to_string(frame) + "}\n";
  }
  static std::string refusal(const std::string& file, const std::string& source = "v.mp4") {
    try {
      resume_behind(file, source);
      return "accepted";
    } catch (const Error& error) {
      return error.what();
    }
  }
  const std::filesystem::path directory_;
};

TEST_F(Resume, BehindTheLastLine) {
  EXPECT_EQ(resume_behind((directory_ / "none").string(), "v.mp4"), 0U);
  EXPECT_EQ(resume_behind(write(""), "v.mp4"), 0U);
  EXPECT_EQ(resume_behind(write(line(0)), "v.mp4"), 1U);
  EXPECT_EQ(resume_behind(write(line(0) + line(1) + line(41)), "v.mp4"), 42U);
}

TEST_F(Resume, ALineThatWasCutOffIsRemoved) {
  const std::string file = write(line(0) + line(1) + line(2).substr(0, 9));
  EXPECT_EQ(resume_behind(file, "v.mp4"), 2U);
  EXPECT_EQ(read(file), line(0) + line(1));
  const std::string only = write("{\"sou");
  EXPECT_EQ(resume_behind(only, "v.mp4"), 0U);
  EXPECT_EQ(read(only), "");
}

TEST_F(Resume, LongLinesAreFound) {
  const std::string pad(200'000, ' ');
  const std::string file = write(line(6) + "{" + pad + "\"source\":\"v.mp4\",\"frame\":7}\n" + pad);
  EXPECT_EQ(resume_behind(file, "v.mp4"), 8U);
}

TEST_F(Resume, WhatIsNotOursStays) {
  const std::string text = "a,b\n1,2\n";
  const std::string file = write(text);
  EXPECT_NE(refusal(file).find("lines.jsonl: its last line is no result of edge"), std::string::npos)
      << refusal(file);
  EXPECT_EQ(read(file), text);
  EXPECT_NE(refusal(write(line(3)), "w.mp4").find("is of the video v.mp4, not of w.mp4"), std::string::npos);
  EXPECT_NE(refusal(write("{\"source\":\"v.mp4\",\"frame\":-1}\n")), "accepted");
  EXPECT_NE(refusal(directory_.string()).find("this is none"), std::string::npos);
  EXPECT_NE(refusal("/dev/null").find("this is none"), std::string::npos);
}

}  // namespace
}  // namespace edge
