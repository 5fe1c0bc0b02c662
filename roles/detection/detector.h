// What a config's [detection] asks of a network: the decoder, what to keep, how the classes are called.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/graph.h"
#include "engine/labels.h"
#include "roles/config/config.h"
#include "roles/detection/decoder.h"

namespace edge::detection {

/// Immutable; safe to share between threads.
struct Detector {
  std::unique_ptr<const Decoder> decoder;  ///< never null
  Wanted wanted;
  Labels labels;  ///< of the decoder's classes; none: not known
};

/// Nothing if the network is no detector, or `config` wants no objects. Throws Error, one line: the decoder
/// does not read the network's outputs; [detection] asks for something, but no decoder fits; labels that
/// cannot be read or are not one per class; a class that the network does not have. Of `model` only the
/// labels count, which name the classes where `config` names none.
std::optional<Detector> make_detector(const DetectionConfig& config, const Graph& graph,
                                      const ModelConfig& model = {});

/// "nanodet, 80 classes (person, bicycle, car ...), threshold 0.35, nms 0.60", for people.
std::string detector_text(const Detector& detector);

}  // namespace edge::detection
