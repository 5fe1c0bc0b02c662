// A frame's result as one line of JSON (docs/output.md). Pure functions, no errors,
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/labels.h"
#include "engine/shape.h"
#include "roles/config/config.h"
#include "roles/detection/detection.h"
#include "roles/report/frame_record.h"

namespace edge {

/// What is the same in all lines of a run.
struct RunFacts {
  std::string id;                                 ///< 16 hexadecimal digits, new with every start of a master
  std::string source;                             ///< of the video, printable, without passwords
  std::chrono::system_clock::time_point started;  ///< the wall clock at second 0 of the run
};

/// One of a network's outputs.
struct OutputValues {
  std::string name;  ///< of the layer; shown if there are several outputs
  Shape shape;
  std::span<const float> values;  ///< all elements of `shape`
};

struct FrameResult {
  std::uint32_t checksum = 0;                     ///< of the network's outputs, always shown
  std::vector<std::pair<int, float>> top_k = {};  ///< class, probability; ResultKind::top_k
  const Labels* labels = nullptr;                 ///< names of the classes, also of objects, or null
  /// Of a detector, in pixels of the source picture, the best first; they stand in the place of top_k.
  std::optional<std::span<const detection::Detection>> objects = {};
  std::vector<OutputValues> outputs = {};  ///< ResultKind::full
};

/// One object without line feeds. Numbers have the digits that it takes to read back the same float; what
/// JSON has no number for (infinity, NaN) becomes null.
std::string json_line(const RunFacts& run, const FrameRecord& frame, ResultKind kind,
                      const FrameResult& result);

}  // namespace edge
