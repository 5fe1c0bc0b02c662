// What this process has used so far. Any thread, no errors.
#pragma once

#include <cstdint>

namespace edge::infer {

/// Seconds since the process was started, as far as it can know: its CPU time until the first call, for
/// loading and linking, and the time that has passed since then. Call it once as early as possible.
double seconds_since_start();

/// The largest resident set so far, bytes; 0 if the system does not say. Of this program alone: getrusage()
/// counts what ran in the process before its exec(), too.
std::uint64_t peak_memory();

}  // namespace edge::infer
