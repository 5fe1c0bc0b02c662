// Whether a detector gets pixels as it was trained with. Pure functions, thread-safe, no errors.
#pragma once

#include <string>

#include "engine/graph.h"
#include "roles/config/preprocessing.h"
#include "roles/detection/decoder.h"

namespace edge::detection {

/// A sentence for people if networks that `decoder` reads usually get other pixels than `preprocessing`
/// makes, with the keys of [model] that differ; else nothing. `fit`: what becomes of pictures. Nothing,
/// too, of a `graph` that begins with arithmetic on pixels: it makes them itself.
std::string unusual_pixels(const Decoder& decoder, const Graph& graph, const Preprocessing& preprocessing,
                           Fit fit);

}  // namespace edge::detection
