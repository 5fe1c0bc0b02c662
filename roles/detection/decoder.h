// Objects from the output tensors of detectors. Decoders are immutable and thread-safe; they know shapes and
// numbers only, neither files nor peers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/array.h"
#include "engine/graph.h"
#include "roles/detection/detection.h"
#include "roles/video/placement.h"

namespace edge::detection {

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// As in [detection] decoder = "...".
  virtual std::string_view name() const = 0;
  /// How many classes the network tells apart.
  virtual int classes() const = 0;
  /// The boxes whose score is at least `threshold`, in pixels of the network's input, in an order that
  /// depends on the shapes alone; not suppressed, not clipped. At most the 3,000 best of them
  /// (most_candidates), so that work is bounded. Whatever the outputs hold, all numbers are finite.
  /// `outputs`: as Graph::outputs() lists them, float32.
  virtual std::vector<Detection> decode(std::span<const Array> outputs, float threshold) const = 0;
  /// What the decoder's authors use.
  virtual float usual_threshold() const { return 0.35F; }
  virtual float usual_overlap() const { return 0.6F; }
};

/// The outputs of a network for people: "score_8 1x2704x80, dist_8 1x2704x44".
std::string outputs_text(const Graph& graph);

/// The names that make_decoder() takes beside "auto" and "none".
std::vector<std::string> decoder_names();

/// The decoder of that name for the graph's outputs and frame size; null for "none", and for "auto" if none
/// fits (a classifier, for example). Throws Error: the outputs are not what this decoder reads; the line says
/// which shapes the network has and what to set.
std::unique_ptr<const Decoder> make_decoder(const std::string& name, const Graph& graph);

/// A decoder that could read the graph's outputs, but that "auto" does not choose, as other networks have
/// such outputs, too; empty: there is none. Not "street": any map of features would do.
std::string possible_decoder(const Graph& graph);

/// What the user wants to see.
struct Wanted {
  float threshold = 0.35F;        ///< least score
  float overlap = 0.6F;           ///< most intersection over union of two boxes of a class
  std::vector<int> classes = {};  ///< to keep; empty: all
};

/// What `decoder` finds, in pixels of the source picture, clipped to it, suppressed class by class; the best
/// first. Boxes without area are none. At most `most_objects`.
std::vector<Detection> find_objects(const Decoder& decoder, std::span<const Array> outputs,
                                    const Wanted& wanted, const Placement& placement);
constexpr std::size_t most_objects = 1000;

}  // namespace edge::detection
