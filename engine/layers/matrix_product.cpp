// matrix_product: of two inputs, batch by batch.
#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/layers/operation_type.h"
#include "kernels/gemm.h"

namespace edge {
namespace {

Inference infer_product(const Operation& /*operation*/, std::span<const Shape> inputs) {
  if (inputs.size() != 2) throw Error("takes two inputs, not " + std::to_string(inputs.size()));
  const Shape& a = inputs[0];
  const Shape& b = inputs[1];
  const bool fits = a.rank() == 3 && b.rank() == 3 && a[2] == b[1] && (b[0] == a[0] || b[0] == 1);
  if (!fits) throw Error("cannot multiply " + a.to_string() + " and " + b.to_string());
  return {.output_shape = {a[0], a[1], b[2]}, .parameters = {}};
}

class MatrixProductKernel final : public LayerKernel {
 public:
  explicit MatrixProductKernel(const KernelContext& context)
      : a_(context.input_shapes[0]), b_(context.input_shapes[1]) {}

  void run(const KernelArguments& arguments, kernels::ThreadPool& pool) const override {
    const std::int64_t rows = a_[1];
    const std::int64_t depth = a_[2];
    const std::int64_t columns = b_[2];
    for (std::int64_t n = 0; n < a_[0]; ++n) {
      const float* const a = arguments.inputs[0] + n * rows * depth;
      const float* const b = arguments.inputs[1] + (b_[0] == 1 ? 0 : n * depth * columns);
      kernels::sgemm(kernels::Transpose::no, kernels::Transpose::no, rows, columns, depth, 1.0F, a, depth, b,
                     columns, 0.0F, arguments.output + n * rows * columns, columns, pool);
    }
  }

 private:
  Shape a_;
  Shape b_;
};

}  // namespace

const OperationType MatrixProductLayer::type{.name = "matrix_product",
                                             .change = ChangeRule::mixes,
                                             .infer = infer_product,
                                             .make_kernel = make_kernel_of<MatrixProductKernel>};

}  // namespace edge
