// Convolution whose one window is the whole image, such as the 1x1 convolutions behind a global pooling: a
// fully connected layer, whose weights are streamed once (linear.h). As matrix products these would fill one
// column of a tile. Threads as there.
#include <vector>

#include "kernels/conv_algorithm.h"
#include "kernels/linear.h"
#include "kernels/pointwise.h"

namespace edge::kernels {

namespace {

class WholeImageConvolution final : public ConvAlgorithm {
 public:
  WholeImageConvolution(const Conv2dShape& shape, const float* weights, Isa isa)
      : shape_(shape),
        isa_(isa),
        features_(shape.in_channels * shape.in_rows * shape.in_columns),
        weights_(weights, weights + shape.out_channels * features_) {}

  std::size_t packed_bytes() const override { return weights_.size() * sizeof(float); }
  std::size_t workspace_floats(int /*threads*/) const override { return 0; }
  ConvFusions fusions() const override {
    return {.residual = true, .residual_in_place = false, .clamp = true, .any_activation = true};
  }

  void run(const float* in, float* out, const Epilogue& epilogue, std::span<float> /*workspace*/,
           ThreadPool& pool) const override {
    if (epilogue.residual == nullptr) {
      return linear(isa_, in, weights_.data(), epilogue.bias, out, shape_.batch, features_,
                    shape_.out_channels, epilogue.activation, pool);
    }
    const auto count = static_cast<std::size_t>(shape_.batch * shape_.out_channels);
    std::vector<float> in_place;
    const float* residual = epilogue.residual;
    if (residual == out) {
      in_place.assign(residual, residual + count);
      residual = in_place.data();
    }
    linear(isa_, in, weights_.data(), epilogue.bias, out, shape_.batch, features_, shape_.out_channels, {},
           pool);
    add(isa_, out, residual, out, count, epilogue.activation);
  }

 private:
  Conv2dShape shape_;
  Isa isa_;
  std::int64_t features_;  ///< values of an image
  std::vector<float> weights_;
};

}  // namespace

bool is_whole_image(const Conv2dShape& shape) {
  return shape.groups == 1 && shape.kernel_rows == shape.in_rows &&
         shape.kernel_columns == shape.in_columns && shape.padding_rows == 0 && shape.padding_columns == 0 &&
         shape.extra_rows == 0 && shape.extra_columns == 0 && shape.dilation_rows == 1 &&
         shape.dilation_columns == 1;
}

std::unique_ptr<ConvAlgorithm> make_whole_image_convolution(const Conv2dShape& shape, const float* weights,
                                                            Isa isa) {
  return std::make_unique<WholeImageConvolution>(shape, weights, isa);
}

}  // namespace edge::kernels
