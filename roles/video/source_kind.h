// The kinds of frame sources. A new kind is one file that defines a SourceKind, and its name in the line
// below and in the table in frame_source.cpp.
#pragma once

#include <memory>
#include <string>

#include "roles/video/frame_source.h"

namespace edge {

struct SourceKind {
  bool (*accepts)(const std::string& source);
  /// As open_frame_source, but `loop` is not its affair.
  std::unique_ptr<FrameSource> (*open)(const VideoOptions& options);
  bool can_loop;  ///< opening it again starts it again
};

extern const SourceKind synthetic_kind, standard_input_kind, y4m_file_kind, rgb_file_kind, live_ffmpeg_kind,
    ffmpeg_file_kind;

}  // namespace edge
