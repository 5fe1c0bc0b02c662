// Activations for NEON. Pure functions, thread-safe, no errors.
#include "kernels/activation_kernels.h"
#include "kernels/activation_loops.h"
#include "kernels/neon/vector_neon.h"

namespace edge::kernels {

const ActivationKernels activation_neon = {Isa::neon, vector_loops::activate<neon::FloatVector>};

}  // namespace edge::kernels
