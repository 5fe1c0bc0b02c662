// Two-operand kernels for NEON. Pure functions, thread-safe, no errors.
#include "kernels/binary_kernels.h"
#include "kernels/binary_loops.h"
#include "kernels/neon/vector_neon.h"

namespace edge::kernels {

const BinaryKernels binary_neon = {Isa::neon, BinaryFunction::divide,
                                   vector_loops::basic_binary<neon::FloatVector>};

}  // namespace edge::kernels
