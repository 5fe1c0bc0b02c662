// From statistics to predictors: fits every layer, on the rates that are predicted for its inputs.
#pragma once

#include <stop_token>

#include "engine/graph.h"
#include "roles/prediction/predictors.h"
#include "roles/trainer/statistics.h"

namespace edge::trainer {

/// Layers (fit on the first `statistics.training` transitions) with rules, coefficients and bytes; hashes and
/// versions are the caller's. Layers that do not depend on each other are fitted in parallel; results do not
/// depend on `threads`. Throws Cancelled soon after `stop` was requested.
std::vector<prediction::LayerPredictor> fit_layers(const Graph& graph, const Statistics& statistics,
                                                   int threads, const std::stop_token& stop = {});

/// Bytes of a tensor of `elements` elements of `element_bytes` each. Bytes are a line over changed elements,
/// fitted to the samples of the training transitions. `rates`: mean rates of these transitions.
prediction::ByteModel fit_bytes(const std::vector<EncodedSample>& delta,
                                const std::vector<EncodedSample>& raw, double elements,
                                std::size_t element_bytes, const std::vector<double>& rates);

}  // namespace edge::trainer
