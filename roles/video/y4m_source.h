// Frames from a Y4M stream, converted from YUV and scaled by our own integer arithmetic: the same pixels on
// every platform. One owner, one thread; cancel() from any.
#pragma once

#include <memory>
#include <string>

#include "roles/video/byte_stream.h"
#include "roles/video/frame_source.h"

namespace edge {

/// Reads the header at once. `name` stands for the stream in messages; `live` as in FrameSource::live. Throws
/// Error if it is not a Y4M stream; next() throws Error if a frame is malformed or cut off.
std::unique_ptr<FrameSource> make_y4m_source(BufferedReader reader, const std::string& name,
                                             std::int64_t rows, std::int64_t columns, bool live,
                                             const Framing& framing = {});

}  // namespace edge
