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
/// cannot be read or are not one per class; a class that the network does not have. `network_labels`: the
/// file of [model], which names the classes where `config` names none; may be empty.
std::optional<Detector> make_detector(const DetectionConfig& config, const Graph& graph,
                                      const std::string& network_labels = {});

}  // namespace edge::detection
