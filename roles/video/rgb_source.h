// Raw RGB24 frames, interleaved, without any header, exactly rows x columns, so that they fit as they are.
// One owner, one thread; cancel() from any.
#pragma once

#include <memory>
#include <string>

#include "roles/video/byte_stream.h"
#include "roles/video/frame_source.h"

namespace edge {

/// `name` stands for the stream in messages; `live` as in FrameSource::live. next() throws Error if the last
/// frame is incomplete.
std::unique_ptr<FrameSource> make_rgb_source(BufferedReader reader, const std::string& name,
                                             std::int64_t rows, std::int64_t columns, bool live,
                                             const Framing& framing = {});

}  // namespace edge
