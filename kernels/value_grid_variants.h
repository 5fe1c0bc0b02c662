// The registered variants of the kernels for values on grids (kernels/value_grid.h), for tests and
// benchmarks.
#pragma once

#include "kernels/value_grid_kernels.h"
#include "kernels/variants.h"

namespace edge::kernels {

Variants<ValueGridKernels> value_grid_variants();

/// What round_to_grid() gives the kernels.
GridNumbers grid_numbers(const GridRounding& rounding);

}  // namespace edge::kernels
