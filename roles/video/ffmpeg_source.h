// Frames from a file, camera or network stream, decoded and scaled by an ffmpeg child process.
// One owner, one thread; cancel() from any.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "roles/video/frame_source.h"

namespace edge {

struct FfmpegOptions {
  std::string command = "ffmpeg";
  std::string name;   ///< of the source, for messages
  std::string input;  ///< what ffmpeg opens: "file:PATH", "rtsp://...", "/dev/video0"; never begins with '-'
  std::vector<std::string> input_options;
  std::int64_t rows = 0, columns = 0;
  bool live = false;
  std::chrono::milliseconds silence_limit{
      0};  ///< of a live source: Error after so long without data; 0: none
};

/// A file's first frame is decoded at once, hence all that is wrong with the file as such is thrown here as
/// Error; a live source is started by the first next(). next() throws Error if ffmpeg fails, after the frames
/// that were whole.
std::unique_ptr<FrameSource> make_ffmpeg_source(FfmpegOptions options);

}  // namespace edge
