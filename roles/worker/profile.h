// Layer costs of this device: measured once, kept on disk.
#pragma once

#include <stop_token>
#include <vector>

#include "engine/executor.h"
#include "roles/config/config.h"
#include "roles/model.h"

namespace edge {

/// Seconds per layer, from the cache directory or (if it is not there, or `reprofile`) measured with a
/// progress bar. Another process on this machine that measures at this moment is waited for. May take seconds
/// to minutes; throws Cancelled soon after `stop` was requested and the executor cancelled.
std::vector<double> load_or_measure_profile(Executor& executor, const Model& model, const Config& config,
                                            const net::Identity& identity, bool reprofile,
                                            const std::stop_token& stop);

}  // namespace edge
