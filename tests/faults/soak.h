// Soak: one chain for a long time, one of whose workers is killed again and again.
#pragma once

#include "tests/faults/setup.h"

namespace edge::faults {

/// Three workers and an endless video. Every 20 s worker 0 or worker 2 is killed (-9) and started again;
/// worker 1, which has to make its connections to both anew each time, and the master live from the begin to
/// the end. Prints figures. Returns the exit status: 0 if every frame came once, in order and right, and
/// neither memory nor open files of these two grew.
int soak(const Setup& setup, double minutes, bool tls);

}  // namespace edge::faults
