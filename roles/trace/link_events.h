// Trace events of the links' ends. Thread-safe.
#pragma once

#include <string>

#include "net/time_observer.h"
#include "roles/trace/trace_writer.h"

namespace edge::trace {

/// Writes what a link end tells to `writer`, which must outlive it; nothing if that is null. Transfers get a
/// track of their own, `link`. `origin`: frames begin here (the master), so do their arrows.
net::TimeObserver link_observer(TraceWriter* writer, const std::string& link, bool origin);

}  // namespace edge::trace
