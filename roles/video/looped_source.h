// Plays a source again and again. One owner, one thread; cancel() from any. Errors are those of the sources.
#pragma once

#include <functional>
#include <memory>

#include "roles/video/frame_source.h"

namespace edge {

/// `open` is called at once and then at every end. Ends for good after a pass without frames, or cancel().
std::unique_ptr<FrameSource> make_looped_source(std::function<std::unique_ptr<FrameSource>()> open);

}  // namespace edge
