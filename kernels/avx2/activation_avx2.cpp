// Activations for AVX2. Pure functions, thread-safe, no errors.
#include "kernels/activation_kernels.h"
#include "kernels/activation_loops.h"
#include "kernels/avx2/vector_avx2.h"

namespace edge::kernels {

const ActivationKernels activation_avx2 = {Isa::avx2, vector_loops::activate<avx2::FloatVector>};

}  // namespace edge::kernels
