// Softmax kernels for NEON. Pure functions, thread-safe, no errors.
#include "kernels/neon/vector_neon.h"
#include "kernels/softmax_kernels.h"
#include "kernels/softmax_loops.h"

namespace edge::kernels {

const SoftmaxKernels softmax_neon = {Isa::neon, vector_loops::largest<neon::FloatVector>,
                                     vector_loops::exponentials<neon::FloatVector>,
                                     vector_loops::divide<neon::FloatVector>};

}  // namespace edge::kernels
