// What there is to know about a network without running it: its layers, and what would cross each cut. Plain
// data and pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "roles/inspect/measurement.h"
#include "roles/scheduling/plan.h"

namespace edge::inspect {

/// Bytes of the tensors that cross a cut, sent whole and not compressed: float32, but input frames as the
/// 8-bit pixels that they are.
struct Cut {
  std::vector<LayerIndex> tensors;  ///< by the layers that make them, ascending
  std::int64_t bytes = 0;
};

/// Of a layer or of several.
struct Amount {
  std::int64_t parameters = 0;  ///< trained ones; statistics of batch norms do not count
  std::int64_t macs = 0;        ///< multiply-adds of convolutions and linear layers, per frame
  double seconds = 0;           ///< measured; 0 without a measurement
};

/// What one worker of a plan does.
struct Part {
  int worker = 0;
  scheduling::LayerRange layers;  ///< none: it relays, or is not involved
  Amount amount;
};

/// A plan to be shown.
struct ShownPlan {
  scheduling::Plan plan;
  std::string source;  ///< where it comes from: "--plan", "config.toml", "out.jsonl, frame 12"
};

/// How a detector's outputs become objects.
struct FoundObjects {
  std::string decoder;
  int classes = 0;
  std::vector<std::string> names = {};  ///< of the classes; empty: they have none
  float threshold = 0, nms = 0;
  std::string text = {};  ///< for people: "nanodet, 80 classes (person, ...), threshold 0.35, nms 0.60"
};

struct Inspection {
  std::string title;        ///< for people: "alexnet features, 480x720"
  std::string pixels = {};  ///< what is done with pictures: "letterbox, pad 114, bgr, 0..255"; empty: unknown
  std::optional<FoundObjects> objects = {};  ///< of detectors
  bool features_only = false;
  Graph graph;
  std::vector<Amount> amounts;         ///< of each layer
  std::vector<Cut> cuts;               ///< [l]: behind layer l; the last one is the network's result
  Amount total;                        ///< of all layers
  LayerIndex largest_output = 0;       ///< the layer whose output is the largest, the input not counted
  std::int64_t peak_live_bytes = 0;    ///< see inspect_network
  std::optional<ShownPlan> plan = {};  ///< the parts to be marked
  std::optional<Measurement> measured = {};
};

/// peak_live_bytes: what is needed at once while some layer runs, that is the tensors in front of it that it
/// or a later layer needs, and its output. An executor needs less where it works in place.
Inspection inspect_network(Graph graph, bool features_only, std::optional<ShownPlan> plan,
                           std::optional<Measurement> measured);

/// Bytes of a layer's output on a link: see Cut.
std::int64_t link_bytes(const Graph& graph, LayerIndex layer);

/// One per worker; none without a plan.
std::vector<Part> parts_of(const Inspection& inspection);

/// The worker that runs each layer; -1 for the input, which is the master's. Empty without a plan.
std::vector<int> workers_of_layers(const Inspection& inspection);

/// The layers behind which the fewest bytes cross, cheapest first, at most `count`. Of neighbours with equal
/// bytes (a ReLU, a dropout) only the first one counts. The network's end is no cut, nor is the input.
std::vector<LayerIndex> cheapest_cuts(const Inspection& inspection, std::size_t count);

/// Share of the multiply-adds up to and with layer `last`, 0 to 1.
double share_of_macs(const Inspection& inspection, LayerIndex last);

}  // namespace edge::inspect
