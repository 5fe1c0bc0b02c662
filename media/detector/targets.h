// What the network shall say about a sample: heat maps and boxes on its grid. Pure functions, no errors.
#pragma once

#include "engine/tensor.h"
#include "media/detector/samples.h"

namespace edge::street {

/// For N samples, on grids of rows x columns cells.
struct Targets {
  Targets(std::int64_t samples, std::int64_t rows, std::int64_t columns);
  /// Objects of which at least half can be seen are to be found; those of less than a fifth are not there;
  /// between these nothing is asked.
  void set(std::int64_t index, const Sample& sample);

  Tensor heat;     ///< N x classes x rows x columns
  Tensor boxes;    ///< N x 4 x rows x columns: dx, dy, log width, log height, in cells
  Tensor weights;  ///< like boxes
};

}  // namespace edge::street
