// Objects from the output of networks that mark centres (`street`; the form of "Objects as Points", Zhou et
// al. 2019). Pure functions, no errors.
#pragma once

#include <cstdint>
#include <vector>

#include "roles/detection/detection.h"

namespace edge::detection {

/// How such an output is laid out: classes + 4 planes of rows x columns cells.
struct CentreGrid {
  int classes = 0;
  std::int64_t rows = 0, columns = 0;
  float stride = 1;  ///< pixels of the network's input per cell, along both axes
};

/// A cell whose sigmoid(heat of a class) is at least `threshold` proposes a box: its centre lies (dx, dy)
/// cells from the cell's own, its size is exp(log width) x exp(log height) cells. `planes`: the classes' heat
/// maps (logits), dx, dy, log width, log height. In pixels of the network's input, not yet suppressed;
/// at most the 3,000 best (decoders/candidates.h).
std::vector<Detection> decode_centres(const CentreGrid& grid, const float* planes, float threshold);

}  // namespace edge::detection
