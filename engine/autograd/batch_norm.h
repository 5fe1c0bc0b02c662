// Batch normalisation (Ioffe and Szegedy 2015) with gradients, PyTorch's conventions. Threads: see Context.
#pragma once

#include "engine/autograd/variable.h"

namespace edge::autograd {

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< share of the newest batch in the running statistics
};

/// x[N x C x ...] normalised per channel by the batch's own mean and (biased) variance, then weight[C] * x +
/// bias[C]. The running statistics [C] are brought up to date in place (unbiased variance), unless they are
/// empty. Throws Error for shapes that do not fit, or a single value per channel.
Variable batch_norm_training(const Variable& x, const Variable& weight, const Variable& bias,
                             Tensor running_mean, Tensor running_variance,
                             const BatchNormOptions& options = {});
/// The same with the running statistics, which stay as they are.
Variable batch_norm_evaluation(const Variable& x, const Variable& weight, const Variable& bias,
                               const Tensor& running_mean, const Tensor& running_variance,
                               const BatchNormOptions& options = {});

}  // namespace edge::autograd
