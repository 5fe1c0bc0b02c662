// How long a network's layers take on this device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace edge::inspect {

struct Measurement {
  std::vector<double> layers;    ///< seconds of each layer alone (layer 0: 0)
  double whole_s = 0;            ///< of all layers in one run
  std::int64_t arena_bytes = 0;  ///< of the activations in that run
  int threads = 1;
  std::string isa;
  std::string cpu;
};

/// Runs the network with random weights, each layer alone and all together, some runs of each; draws a
/// progress bar on stderr. One thread at a time; takes `threads` threads and seconds to minutes.
Measurement measure_network(const Graph& graph, int threads);

/// One line that says how the times were taken.
std::string measurement_text(const Measurement& measurement);

}  // namespace edge::inspect
