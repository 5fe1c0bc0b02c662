// [schedule] of config.toml. Pure functions, thread-safe.
#pragma once

#include <cstddef>

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// What the table says; plans are for `workers` workers. Throws Error: one line with file, line, key, what is
/// wrong and what is expected.
ScheduleConfig read_schedule(const TomlReader& reader, std::size_t workers);

}  // namespace edge
