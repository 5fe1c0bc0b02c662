// [[workers]] and [trainer] of config.toml: devices, and where they are reached. Pure functions, thread-safe.
// They throw Error: one line with file, line, key, what is wrong and what is expected.
#pragma once

#include <filesystem>
#include <vector>

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// Of one device.
constexpr int max_threads = 1024;

/// Of the chain, in order: one at least. `top`: the whole file. `threads`: of workers that do not say.
std::vector<WorkerConfig> read_workers(const TomlReader& top, const std::filesystem::path& file, int threads);

/// `workers`: whose addresses the trainer cannot have.
TrainerConfig read_trainer(const TomlReader& reader, const std::filesystem::path& file,
                           const std::vector<WorkerConfig>& workers);

}  // namespace edge
