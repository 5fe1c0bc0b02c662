// `edge trace merge`: the trace files of several devices as one, on the master's clock. Thread-safe.
#pragma once

#include <string>
#include <vector>

namespace edge::trace {

/// Writes a Chrome trace (one JSON array) of all events to the file `output`; "-" is stdout. Files may end in
/// the middle of a line, as those of a killed process do. Throws Error that names file and line: not a trace,
/// cannot be read; a device whose clock was never compared with the master's is a warning, and its times stay
/// as they are.
void merge_traces(const std::vector<std::string>& files, const std::string& output);

}  // namespace edge::trace
