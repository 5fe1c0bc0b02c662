#include "roles/video/frame_source.h"

#include <sys/stat.h>

#include <array>
#include <system_error>

#include "engine/error.h"
#include "roles/video/camera_device.h"
#include "roles/video/looped_source.h"
#include "roles/video/source_kind.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

// The first that accepts the source opens it; ffmpeg takes every file.
constexpr std::array<const SourceKind*, 6> source_kinds = {
    &standard_input_kind, &synthetic_kind,   &y4m_file_kind,
    &rgb_file_kind,       &live_ffmpeg_kind, &ffmpeg_file_kind,
};

std::unique_ptr<FrameSource> open_with(const SourceKind& kind, const VideoOptions& options) {
  if (!options.loop) return kind.open(options);
  if (!kind.can_loop) {
    throw Error(source_name(options.source) +
                ": cannot start again at its end (loop = true); only files and synthetic scenes can");
  }
  return make_looped_source([&kind, options] { return kind.open(options); });
}

}  // namespace

std::unique_ptr<FrameSource> open_frame_source(const VideoOptions& options) {
  constexpr std::int64_t max_side = 16384;
  if (options.rows < 1 || options.columns < 1 || options.rows > max_side || options.columns > max_side) {
    throw Error("frame size " + std::to_string(options.rows) + " x " + std::to_string(options.columns) +
                " is out of range: rows and columns must be 1 to " + std::to_string(max_side));
  }
  try {
    for (const SourceKind* kind : source_kinds) {
      if (kind->accepts(options.source)) return open_with(*kind, options);
    }
  } catch (const std::system_error& error) {  // no file descriptors or processes left
    throw Error(source_name(options.source) + ": cannot open: " + error.what());
  }
  throw Error("no video source is given: name a file, camera, '-' or synthetic:NAME");
}

bool can_be_read_once(const std::string& source) {
  struct stat status {};
  if (source == "-" || is_camera_device(source)) return true;
  return ::stat(source.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace edge
