// Predictors as bytes, in the trainer's cache and on the wire. Format: docs/prediction.md. Pure functions,
// thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "roles/prediction/predictors.h"

namespace edge::prediction {

std::vector<std::byte> pack_predictors(const Predictors& predictors);

/// Checks everything: that the bytes are whole and undamaged, belong to the model, have a fitting rule with
/// as many coefficients as it needs for every layer, and no number that cannot be. Throws Error (what is
/// wrong, without a file's or peer's name).
Predictors parse_predictors(std::span<const std::byte> bytes, const Graph& graph,
                            const std::string& model_hash);

/// No predictors of this graph are longer.
std::size_t max_predictor_bytes(const Graph& graph);

}  // namespace edge::prediction
