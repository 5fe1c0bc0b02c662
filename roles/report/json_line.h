// A frame's result as one line of JSON (docs/output.md). Pure functions, no errors,
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/labels.h"
#include "engine/shape.h"
#include "roles/config/config.h"
#include "roles/report/frame_record.h"

namespace edge {

/// What is the same in all lines of a run.
struct RunFacts {
  std::string id;                                 ///< 16 hexadecimal digits, new with every start of a master
  std::string source;                             ///< of the video, printable, without passwords
  std::chrono::system_clock::time_point started;  ///< the wall clock at second 0 of the run
};

struct FrameResult {
  std::uint32_t checksum = 0;                     ///< of the network's output, always shown
  std::vector<std::pair<int, float>> top_k = {};  ///< class, probability; ResultKind::top_k
  const Labels* labels = nullptr;                 ///< names of the classes, or null
  Shape shape = {};                               ///< ResultKind::full
  std::span<const float> values = {};             ///< ResultKind::full, all elements of `shape`
};

/// One object without line feeds. Numbers have the digits that it takes to read back the same float; what
/// JSON has no number for (infinity, NaN) becomes null.
std::string json_line(const RunFacts& run, const FrameRecord& frame, ResultKind kind,
                      const FrameResult& result);

}  // namespace edge
