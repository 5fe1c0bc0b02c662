// What `edge infer` found out about one frame, as one line of JSON (docs/infer.md). No errors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/labels.h"
#include "roles/detection/detection.h"
#include "roles/infer/options.h"

namespace edge::infer {

struct FrameTimes {
  double load_ms = 0;           ///< the weights: opened, checked, packed
  double first_ms = 0;          ///< from the start of the process to the first result; 0: there is none yet
  std::vector<double> runs_ms;  ///< of this frame
};

struct FrameLine {
  std::uint64_t frame = 0;
  const Graph& graph;
  LayerRange layers;
  const Executor& executor;
  const FrameTimes& times;
  std::uint64_t peak_memory = 0;  ///< bytes
  const TensorMap& outputs;
  int top = 0;  ///< classes
  const Labels& labels;
  bool keeps = false;  ///< outputs, so that only what changed was computed
  const std::vector<detection::Detection>* objects = nullptr;  ///< of a detector; null: it is none
};

/// One object without line feeds.
std::string frame_line(const FrameLine& line);

/// The same for people at a terminal: some lines, of the most important only.
std::string frame_text(const FrameLine& line);

/// Of an even number the mean of the middle two; 0 of none.
double median(std::vector<double> values);

}  // namespace edge::infer
