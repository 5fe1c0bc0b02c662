// The table at the end of a run. Pure functions, thread-safe, no errors.
#pragma once

#include <string>

#include "roles/report/run_statistics.h"

namespace edge {

/// Several lines of UTF-8 text, at most 80 columns wide, each with a line feed. 1 kB is 1000 bytes.
std::string format_table(const RunSummary& summary);

/// "12.3 ms", "1.02 s", "341 s": three significant digits.
std::string format_seconds(double seconds);

}  // namespace edge
