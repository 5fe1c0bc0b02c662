// `edge infer`: frames through a network, or tensors through some of its layers, in this process.
#pragma once

#include <string>

#include "roles/infer/options.h"

namespace edge::infer {

/// Prints one JSON line per frame on stdout (docs/infer.md), or for people if that is a terminal. One thread,
/// which the executor's join. Throws Error: everything that the user can do something about, in one line.
void run(const Options& options);

}  // namespace edge::infer
