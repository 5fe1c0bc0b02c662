// Going on behind what a run that was cut off has written.
#pragma once

#include <cstdint>
#include <string>

namespace edge {

/// The number of the video's frame behind the last one in `file`, whose lines are of the video `source`
/// (source_name()); 0 if there is no file yet, or no line in it. A line that was cut off is removed: its
/// frame is computed again. Throws Error: no regular file, its last line is none of ours or of another video,
/// it cannot be read or shortened.
std::uint64_t resume_behind(const std::string& file, const std::string& source);

}  // namespace edge
