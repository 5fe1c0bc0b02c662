// --truth: what was to be found in the frames of a run, beside its results. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "roles/config/config.h"
#include "roles/line_output.h"
#include "roles/video/truth.h"

namespace edge {

class TruthOutput {
 public:
  /// Opens (and empties) the file. Throws Error: the config's video does not know, the file cannot be
  /// written.
  TruthOutput(const Config& config, const std::string& file);

  /// `index`: of the frame in the video. Throws as LineOutput::write().
  void write(std::uint64_t index);

 private:
  Truth truth_;
  LineOutput lines_;
};

}  // namespace edge
