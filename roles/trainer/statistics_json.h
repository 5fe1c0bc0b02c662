// The numbers behind a report, for comparisons with other models. Pure function, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "roles/trainer/judgement.h"
#include "roles/trainer/statistics.h"

namespace edge::trainer {

/// `prediction_s`: how long one prediction takes.
/// {"transitions", "training", "prediction_s", "layers": [{"name", "operation", "inputs", "channels",
/// "elements", "rates" (transitions x channels), "predicted" (mean rate of each held-out transition)}]}
std::string statistics_json(const Graph& graph, const Statistics& statistics,
                            const std::vector<LayerJudgement>& judgement, double prediction_s);

}  // namespace edge::trainer
