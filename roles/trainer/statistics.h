// What happens in a network while a video runs through it: change rates of every layer's output, and what the
// codec makes of the changes. No state; one thread calls (it starts a pool of its own).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "roles/trainer/training_video.h"

namespace edge::trainer {

/// One tensor, or a sample of its channels, that the codec has encoded.
struct EncodedSample {
  int transition = 0;   ///< between frames `transition` and `transition + 1`
  double elements = 0;  ///< that were encoded
  double changed = 0;   ///< of these
  double bytes = 0;
};

struct LayerStatistics {
  std::size_t channels = 0;
  double elements = 0;               ///< of the layer's output
  std::vector<float> rates;          ///< change rates, [transitions x channels]
  std::vector<float> nonzero;        ///< part of the elements whose bits are not all 0, mean over the frames
  std::vector<EncodedSample> delta;  ///< based on the frame before
  std::vector<EncodedSample> raw;    ///< without a base; `changed` is 0
};

struct Statistics {
  int transitions = 0;       ///< between consecutive frames
  int training = 0;          ///< so many of these, the first, are to learn from; the others are held out
  std::uint32_t frames = 0;  ///< to learn from
  std::string frames_hash;   ///< of these
  std::vector<LayerStatistics> layers;
};

struct StatisticsOptions {
  int frames = 24;       ///< to learn from
  int held_out = 0;      ///< frames behind these, to judge by
  bool compress = true;  ///< as the links do
  int threads = 1;
  std::size_t memory_bytes = std::size_t{256} << 20;  ///< for feature maps (at least those of two frames)
  std::function<void(int done, int total)> progress = {};
  std::stop_token stop = {};
};

/// Reads the frames and runs them through the network, layer by layer and several frames at a time, as memory
/// allows: two frames' live feature maps are the least. Results do not depend on threads or memory. A video
/// that is shorter than asked is used as far as it goes; if none or few frames are left to judge by, the last
/// quarter of them. Throws Error for less than two frames (three with held_out), Cancelled if the executor
/// is.
Statistics collect_statistics(const Graph& graph, Executor& executor, TrainingVideo& video,
                              const StatisticsOptions& options);

/// A share of this machine's memory for StatisticsOptions.
std::size_t default_statistics_memory();

}  // namespace edge::trainer
