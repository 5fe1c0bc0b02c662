// Threads carry names, so that top, gdb and traces tell them apart.
#pragma once

namespace edge::net {

/// Names the calling thread (at most 15 characters are kept).
void name_this_thread(const char* name);

}  // namespace edge::net
