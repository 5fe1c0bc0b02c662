// What tests of video through ffmpeg share: a folder of their own, and programs that stand in for ffmpeg.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "roles/video/frame_source.h"

namespace edge::test {

inline const std::string sample = EDGE_SOURCE_DIRECTORY "/media/sample.mp4";
inline constexpr int sample_frames = 120;

class VideoFfmpeg : public ::testing::Test {
 protected:
  VideoFfmpeg() {
    std::string path = (std::filesystem::temp_directory_path() / "edge_video_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path);
    folder_ = path;
  }
  ~VideoFfmpeg() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  /// A program that stands in for ffmpeg.
  std::string script(const std::string& body) const {
    const std::string file = write("ffmpeg", "#!/bin/sh\n" + body);
    ::chmod(file.c_str(), 0755);
    return file;
  }
  void convert(const std::string& arguments) const {
    const std::string command = "ffmpeg -nostdin -v error -y " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  std::filesystem::path folder_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Played {
  int frames = 0;
  std::string error = "no error";
};

inline Played play(const VideoOptions& options) {
  Played run;
  try {
    const auto source = open_frame_source(options);
    while (source->next()) ++run.frames;
  } catch (const Error& error) {
    run.error = error.what();
  }
  return run;
}

inline Played play(const std::string& source, const std::string& ffmpeg = "ffmpeg") {
  return play({.source = source, .rows = 24, .columns = 36, .ffmpeg = ffmpeg});
}

inline bool has_child() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

/// False once the process is gone (or a zombie of somebody else's).
inline bool alive(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string number, name, state;
  return status >> number >> name >> state && state != "Z";
}

/// 24 x 36 x 3 bytes are a frame.
inline constexpr const char* two_frames = "head -c 5184 /dev/zero\n";

inline std::vector<std::byte> all_pixels(const std::string& file) {
  const auto source = open_frame_source({.source = file, .rows = 24, .columns = 36});
  std::vector<std::byte> pixels;
  while (const auto frame = source->next()) {
    pixels.insert(pixels.end(), frame->span().begin(), frame->span().end());
  }
  return pixels;
}

}  // namespace edge::test
