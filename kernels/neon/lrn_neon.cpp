// Local response normalisation for NEON. Pure functions, thread-safe, no errors.
#include "kernels/lrn_kernels.h"
#include "kernels/lrn_loops.h"
#include "kernels/neon/vector_neon.h"

namespace edge::kernels {

const LrnKernels lrn_neon = {Isa::neon, vector_loops::lrn_row<neon::FloatVector>};

}  // namespace edge::kernels
