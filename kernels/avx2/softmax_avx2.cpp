// Softmax kernels for AVX2. Pure functions, thread-safe, no errors.
#include "kernels/avx2/vector_avx2.h"
#include "kernels/softmax_kernels.h"
#include "kernels/softmax_loops.h"

namespace edge::kernels {

const SoftmaxKernels softmax_avx2 = {Isa::avx2, vector_loops::largest<avx2::FloatVector>,
                                     vector_loops::exponentials<avx2::FloatVector>,
                                     vector_loops::divide<avx2::FloatVector>};

}  // namespace edge::kernels
