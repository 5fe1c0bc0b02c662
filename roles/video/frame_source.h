// Where frames come from: a video file or camera through ffmpeg, Y4M, raw RGB, or a synthetic scene.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/array.h"
#include "roles/video/framing.h"
#include "roles/video/rtsp_transport.h"

namespace edge {

struct VideoOptions {
  /// A file, rtsp:// or other address, or camera device (ffmpeg); a .y4m file; `-` for stdin (Y4M if it
  /// starts so, else raw RGB24 of frame_size); FILE.rgb (raw RGB24); `synthetic:NAME?key=value&...`.
  std::string source = {};
  std::int64_t rows = 480;  ///< pictures are fitted into frames of rows x columns
  std::int64_t columns = 720;
  Framing framing = {};
  bool loop = false;              ///< start again at the end (files and synthetic scenes; else an Error)
  std::string ffmpeg = "ffmpeg";  ///< command
  RtspTransport rtsp_transport = RtspTransport::automatic;
  std::chrono::milliseconds file_patience{60000};    ///< Error if a file or pipe gives nothing for so long
  std::chrono::milliseconds camera_patience{30000};  ///< a live source counts as lost after that
  /// Ends every wait as FrameSource::cancel() does, also that for the first bytes of a file.
  std::stop_token stop = {};
};

/// What is known about when a frame was.
struct FrameTimes {
  /// Seconds on the video's own clock; of live sources, since its first frame.
  std::optional<double> video_s;
  /// Live sources: when it left the camera, as far as is known.
  std::optional<std::chrono::steady_clock::time_point> captured;
};

/// Pull interface, one owner, one thread; cancel() may be called from another.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// The next frame as u8 elements 1x3xHxW (planar, in the order of Framing::channels), or nothing at the end
  /// of the video. Throws Error if the source breaks (one line that names it).
  virtual std::optional<Array> next() = 0;
  /// Of the frame that next() returned last.
  virtual FrameTimes times() const { return {}; }
  /// How the frame that next() returned last was placed. Empty where nothing is known of pictures.
  virtual Placement placement() const { return {}; }
  /// Frames per second that the source itself states, if it does.
  virtual std::optional<double> frames_per_second() const = 0;
  /// True if frames come at their own pace whether or not somebody waits for them (camera, network, standard
  /// input).
  virtual bool live() const { return false; }
  /// Makes a blocked next() return nothing soon, and all later ones at once.
  virtual void cancel() {}
};

/// Throws Error: file missing, ffmpeg missing (names the package), no video stream, unknown scene or
/// parameter. Never waits for a live source: what is wrong with that is thrown by the first next(). A live
/// source that is not there yet, or is lost, is waited for (roles/video/live_source.h).
std::unique_ptr<FrameSource> open_frame_source(const VideoOptions& options);

/// Standard input, pipes and camera devices: a second process could not read the same frames.
bool can_be_read_once(const std::string& source);

}  // namespace edge
