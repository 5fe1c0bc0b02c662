// Local response normalisation for AVX2. Pure functions, thread-safe, no errors.
#include "kernels/avx2/vector_avx2.h"
#include "kernels/lrn_kernels.h"
#include "kernels/lrn_loops.h"

namespace edge::kernels {

const LrnKernels lrn_avx2 = {Isa::avx2, vector_loops::lrn_row<avx2::FloatVector>};

}  // namespace edge::kernels
