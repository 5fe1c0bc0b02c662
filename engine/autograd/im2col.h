// One image of a convolution as a matrix, and back. Internal to conv2d of this folder. Training needs the
// matrix twice (output and gradient of the weights), one image and group at a time; inference does without it
// (kernels/conv2d.h). Results do not depend on the threads.
#pragma once

#include "kernels/conv2d.h"
#include "kernels/thread_pool.h"

namespace edge::autograd {

/// columns[channels * kernel_rows * kernel_columns x out_rows * out_columns]: the pixels of `image`[channels
/// x in_rows x in_columns] that each output pixel is made of, 0 in the padding.
void im2col(const kernels::Conv2dShape& shape, std::int64_t channels, const float* image, float* columns,
            kernels::ThreadPool& pool);
/// The transposed operation: adds each element of `columns` to the pixel of `image` that it stands for.
void col2im(const kernels::Conv2dShape& shape, std::int64_t channels, const float* columns, float* image,
            kernels::ThreadPool& pool);

}  // namespace edge::autograd
