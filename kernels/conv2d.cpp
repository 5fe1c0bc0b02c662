// PackedConv2d: checks the shape, chooses the algorithm. Shapes come from shape inference, so a bad one is a
// bug.
#include "kernels/conv2d.h"

#include <cassert>

#include "kernels/conv_algorithm.h"
#include "kernels/conv_kernels.h"
#include "kernels/winograd_kernels.h"

namespace edge::kernels {

const ConvKernels& conv_kernels(Isa isa) {
  switch (isa) {
#if defined(EDGE_HAVE_AVX2)
    case Isa::avx2:
      return conv_kernels_avx2;
#endif
#if defined(EDGE_HAVE_NEON)
    case Isa::neon:
      return conv_kernels_neon;
#endif
    default:
      assert(isa == Isa::scalar && "this build has no kernels for that ISA");
      return conv_kernels_scalar;
  }
}

struct PackedConv2d::Impl {
  Conv2dShape shape;
  Isa isa;
  std::unique_ptr<ConvAlgorithm> algorithm;
};

namespace {

/// The tile, if the shape is left to Winograd convolution.
std::optional<WinogradTile> winograd_of(const Conv2dShape& shape) {
  if (shape.in_channels == shape.groups || is_whole_image(shape)) return std::nullopt;
  return choose_winograd(shape);
}

std::unique_ptr<ConvAlgorithm> choose_algorithm(const Conv2dShape& shape, const float* weights, Isa isa,
                                                SgemmFunction external) {
  if (fits_depthwise_lanes(shape, isa)) return make_depthwise_lane_convolution(shape, weights, isa);
  if (shape.in_channels == shape.groups) return make_depthwise_convolution(shape, weights, isa);
  if (is_whole_image(shape)) return make_whole_image_convolution(shape, weights, isa);
  if (external != nullptr) return make_external_convolution(shape, weights, external);
  if (const auto tile = winograd_of(shape)) return make_winograd_convolution(shape, weights, isa, *tile);
  return make_gemm_convolution(shape, weights, isa);
}

}  // namespace

Reach conv_reach(const Conv2dShape& shape) {
  const std::int64_t rows = shape.out_rows();
  const std::int64_t columns = shape.out_columns();
  if (const auto tile = winograd_of(shape)) {
    const auto& variant = winograd_kernels(Isa::scalar).variant(*tile);
    return {
        AxisReach::winograd(shape.in_rows, rows, variant.outputs, variant.taps, shape.padding_rows),
        AxisReach::winograd(shape.in_columns, columns, variant.outputs, variant.taps, shape.padding_columns)};
  }
  return {AxisReach::windows(shape.in_rows, rows, shape.kernel_rows, shape.stride_rows, shape.padding_rows,
                             shape.dilation_rows),
          AxisReach::windows(shape.in_columns, columns, shape.kernel_columns, shape.stride_columns,
                             shape.padding_columns, shape.dilation_columns)};
}

PackedConv2d::PackedConv2d(const Conv2dShape& shape, const float* weights, Isa isa, SgemmFunction external) {
  assert(shape.batch > 0 && shape.in_channels > 0 && shape.out_channels > 0 && shape.groups > 0);
  assert(shape.in_channels % shape.groups == 0 && shape.out_channels % shape.groups == 0);
  assert(shape.out_rows() > 0 && shape.out_columns() > 0);
  impl_ = std::make_unique<Impl>(Impl{shape, isa, choose_algorithm(shape, weights, isa, external)});
}

PackedConv2d::~PackedConv2d() = default;
PackedConv2d::PackedConv2d(PackedConv2d&&) noexcept = default;
PackedConv2d& PackedConv2d::operator=(PackedConv2d&&) noexcept = default;

const Conv2dShape& PackedConv2d::shape() const {
  return impl_->shape;
}
std::size_t PackedConv2d::packed_bytes() const {
  return impl_->algorithm->packed_bytes();
}
std::size_t PackedConv2d::workspace_floats(int threads) const {
  return impl_->algorithm->workspace_floats(threads);
}

void PackedConv2d::run(const float* in, float* out, const Epilogue& epilogue, std::span<float> workspace,
                       ThreadPool& pool) const {
  const Activation& activation = epilogue.activation;
  const bool at_once = activation.kind == Activation::Kind::none || activation == Activation::relu() ||
                       (rectifies(activation) && fusions().clamp) || fusions().any_activation;
  if (at_once) return impl_->algorithm->run(in, out, epilogue, workspace, pool);
  impl_->algorithm->run(in, out, {.bias = epilogue.bias, .residual = epilogue.residual}, workspace, pool);
  const Conv2dShape& shape = impl_->shape;
  const std::int64_t plane = shape.out_rows() * shape.out_columns();
  pool.parallel_for(shape.batch * shape.out_channels, [&](std::int64_t index, int /*thread*/) {
    float* const made = out + index * plane;
    activate(impl_->isa, activation, made, made, static_cast<std::size_t>(plane));
  });
}

bool PackedConv2d::can_run_part() const {
  return impl_->shape.batch == 1 && impl_->algorithm->can_run_part();
}

void PackedConv2d::run_part(const float* in, float* out, const DirtyMap& dirty, const Epilogue& epilogue,
                            bool max_pool, std::span<float> workspace, ThreadPool& pool) const {
  assert(can_run_part() && (!max_pool || fusions().max_pool));
  assert(dirty.rows() == shape().out_rows() && dirty.columns() == shape().out_columns());
  if (!dirty.any()) return;
  impl_->algorithm->run_part(in, out, dirty, epilogue, max_pool, workspace, pool);
}

ConvFusions PackedConv2d::fusions() const {
  return impl_->algorithm->fusions();
}
void PackedConv2d::run_pooled(const float* in, float* out, const float* bias, std::span<float> workspace,
                              ThreadPool& pool) const {
  impl_->algorithm->run_pooled(in, out, bias, workspace, pool);
}

}  // namespace edge::kernels
