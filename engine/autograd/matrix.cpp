#include "engine/autograd/matrix.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/autograd/broadcast.h"
#include "engine/autograd/dimension.h"
#include "engine/error.h"
#include "kernels/gemm.h"

namespace edge::autograd {
namespace {

using kernels::Transpose;

/// How many products, and their extents.
struct Extents {
  std::int64_t count = 1, m = 0, n = 0, k = 0;
};

Extents check_matmul(const Shape& a, const Shape& b) {
  const auto fail = [&](const char* why) {
    throw Error("matmul: shapes " + a.to_string() + " and " + b.to_string() + ": " + why);
  };
  const std::size_t rank = a.rank();
  if (rank < 2 || b.rank() != rank) fail("needs matrices, or stacks of them with the same rank");
  Extents extents{.m = a[rank - 2], .n = b[rank - 1], .k = a[rank - 1]};
  if (b[rank - 2] != extents.k) fail("the columns of the first are not the rows of the second");
  for (std::size_t d = 0; d + 2 < rank; ++d) {
    if (a[d] != b[d]) fail("the leading extents differ");
    extents.count *= a[d];
  }
  return extents;
}

}  // namespace

Variable matmul(const Variable& a, const Variable& b) {
  const Extents e = check_matmul(a.shape(), b.shape());
  Tensor out(with_extent(a.shape(), a.shape().rank() - 1, e.n));
  for (std::int64_t i = 0; i < e.count; ++i) {
    kernels::sgemm(Transpose::no, Transpose::no, e.m, e.n, e.k, 1, a.value().data() + i * e.m * e.k, e.k,
                   b.value().data() + i * e.k * e.n, e.n, 0, out.data() + i * e.m * e.n, e.n,
                   a.context().pool());
  }
  const auto backward = [e, x = a.value(), y = b.value()](const Tensor& gradient,
                                                          std::span<const Variable> inputs) {
    kernels::ThreadPool& pool = inputs[0].context().pool();
    if (inputs[0].requires_gradient()) {
      Tensor share(x.shape());
      for (std::int64_t i = 0; i < e.count; ++i) {
        kernels::sgemm(Transpose::no, Transpose::yes, e.m, e.k, e.n, 1, gradient.data() + i * e.m * e.n, e.n,
                       y.data() + i * e.k * e.n, e.n, 0, share.data() + i * e.m * e.k, e.k, pool);
      }
      inputs[0].add_gradient(std::move(share));
    }
    if (inputs[1].requires_gradient()) {
      Tensor share(y.shape());
      for (std::int64_t i = 0; i < e.count; ++i) {
        kernels::sgemm(Transpose::yes, Transpose::no, e.k, e.n, e.m, 1, x.data() + i * e.m * e.k, e.k,
                       gradient.data() + i * e.m * e.n, e.n, 0, share.data() + i * e.k * e.n, e.n, pool);
      }
      inputs[1].add_gradient(std::move(share));
    }
  };
  return {std::move(out), {a, b}, backward};
}

Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
  const Shape& in = x.shape();
  const Shape& shape = weight.shape();
  if (in.rank() != 2 || shape.rank() != 2 || in[1] != shape[1]) {
    throw Error("linear: an input of " + in.to_string() + " does not fit to weights of " + shape.to_string() +
                " (out x in)");
  }
  if (bias.defined() && bias.shape() != Shape{shape[0]}) {
    throw Error("linear: a bias of " + bias.shape().to_string() + " for weights of " + shape.to_string());
  }
  const std::int64_t m = in[0];
  const std::int64_t n = shape[0];
  const std::int64_t k = in[1];
  Tensor out = bias.defined() ? Tensor({m, n}) : Tensor::zeros({m, n});
  for (std::int64_t i = 0; bias.defined() && i < m; ++i) {
    std::copy_n(bias.value().data(), n, out.data() + i * n);
  }
  kernels::sgemm(Transpose::no, Transpose::yes, m, n, k, 1, x.value().data(), k, weight.value().data(), k, 1,
                 out.data(), n, x.context().pool());
  std::vector<Variable> operands{x, weight};
  if (bias.defined()) operands.push_back(bias);
  const auto backward = [m, n, k, from = x.value(), by = weight.value()](const Tensor& gradient,
                                                                         std::span<const Variable> inputs) {
    kernels::ThreadPool& pool = inputs[0].context().pool();
    if (inputs[0].requires_gradient()) {
      Tensor share(from.shape());
      kernels::sgemm(Transpose::no, Transpose::no, m, k, n, 1, gradient.data(), n, by.data(), k, 0,
                     share.data(), k, pool);
      inputs[0].add_gradient(std::move(share));
    }
    if (inputs[1].requires_gradient()) {
      Tensor share(by.shape());
      kernels::sgemm(Transpose::yes, Transpose::no, n, k, m, 1, gradient.data(), n, from.data(), k, 0,
                     share.data(), k, pool);
      inputs[1].add_gradient(std::move(share));
    }
    if (inputs.size() > 2 && inputs[2].requires_gradient()) {
      inputs[2].add_gradient(sum_to(gradient, inputs[2].shape()));
    }
  };
  return {std::move(out), std::move(operands), backward};
}

}  // namespace edge::autograd
