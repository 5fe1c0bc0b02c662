// The NEON max pooling of kernels/neon/pooling_neon.cpp's table; contract in kernels/pooling_kernels.h.
#pragma once

#include "kernels/pooling_kernels.h"

namespace edge::kernels::neon {

void max_rows(const MaxPoolRow& row, float* scratch);

}  // namespace edge::kernels::neon
