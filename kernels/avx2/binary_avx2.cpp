// Two-operand kernels for AVX2. Pure functions, thread-safe, no errors.
#include "kernels/avx2/vector_avx2.h"
#include "kernels/binary_kernels.h"
#include "kernels/binary_loops.h"

namespace edge::kernels {

const BinaryKernels binary_avx2 = {Isa::avx2, BinaryFunction::divide,
                                   vector_loops::basic_binary<avx2::FloatVector>};

}  // namespace edge::kernels
