// Layer costs of this device: measured once, kept on disk.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "roles/config/config.h"
#include "roles/model.h"
#include "roles/profile_cache.h"

namespace edge {

/// Seconds per layer, measured now, with a progress bar. Throws Cancelled if the executor is cancelled.
std::vector<double> measure_layers(Executor& executor, const Graph& graph, const std::string& name);

/// What this device's costs are kept under.
ProfileKey profile_key(int threads, const net::Identity& identity);

/// Seconds per layer, from the cache directory or (if it is not there, or `reprofile`) measured with a
/// progress bar. To measure, another process on this machine that does so at this moment is waited for. May
/// take seconds to minutes; throws Cancelled soon after `stop` was requested and the executor cancelled.
std::vector<double> load_or_measure_profile(Executor& executor, const Model& model, const Config& config,
                                            const net::Identity& identity, bool reprofile,
                                            const std::stop_token& stop);

}  // namespace edge
