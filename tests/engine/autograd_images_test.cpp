// conv2d, pooling and batch norm: values against references, gradients against numeric differentiation.
#include "engine/autograd/batch_norm.h"
#include "engine/autograd/convolution.h"
#include "engine/autograd/pooling.h"
#include "engine/autograd/upsampling.h"
#include "kernels/conv2d.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

class AutogradImages : public AutogradTest {};

struct ConvCase {
  Shape x, weight;
  Conv2dOptions options;
};

const std::vector<ConvCase> conv_cases{
    {{1, 1, 3, 3}, {1, 1, 1, 1}, {}},
    {{2, 3, 4, 5}, {4, 3, 1, 1}, {}},
    {{2, 2, 5, 4}, {3, 2, 3, 3}, {.padding = {1, 1}}},
    {{1, 2, 7, 6}, {2, 2, 3, 2}, {.stride = {2, 3}}},
    {{2, 1, 6, 7}, {2, 1, 3, 3}, {.padding = {2, 2}, .dilation = {2, 2}}},
    {{1, 2, 5, 5}, {2, 2, 2, 3}, {.stride = {2, 1}, .padding = {2, 3}, .dilation = {3, 1}}},
    {{2, 4, 4, 4}, {6, 2, 3, 3}, {.padding = {1, 1}, .groups = 2}},
    {{1, 3, 5, 4}, {3, 1, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}, .groups = 3}},
    {{1, 4, 3, 3}, {4, 2, 1, 1}, {.groups = 2}},
    {{1, 2, 4, 4}, {2, 2, 1, 1}, {.stride = {2, 2}}},
    {{1, 1, 2, 2}, {1, 1, 3, 3}, {.stride = {3, 3}, .padding = {5, 5}}},  // windows wholly in the padding
    {{1, 1, 3, 2}, {2, 1, 3, 3}, {.padding = {4, 1}}},  // more padding than the kernel covers
    {{1, 4, 5, 4}, {6, 2, 3, 2}, {.padding = {1, 0}, .dilation = {1, 2}, .groups = 2}}};

std::string name_of(const ConvCase& test) {
  return "input " + test.x.to_string() + ", weights " + test.weight.to_string();
}

TEST_F(AutogradImages, conv2d_equals_the_reference) {
  for (const ConvCase& test : conv_cases) {
    const Tensor x = random_tensor(test.x, 1);
    const Tensor weight = random_tensor(test.weight, 2);
    const Tensor bias = random_tensor({test.weight[0]}, 3);
    const Variable y = conv2d(constant(x), constant(weight), constant(bias), test.options);
    const kernels::Conv2dShape shape{.batch = test.x[0],
                                     .in_channels = test.x[1],
                                     .in_rows = test.x[2],
                                     .in_columns = test.x[3],
                                     .out_channels = test.weight[0],
                                     .kernel_rows = test.weight[2],
                                     .kernel_columns = test.weight[3],
                                     .stride_rows = test.options.stride.rows,
                                     .stride_columns = test.options.stride.columns,
                                     .padding_rows = test.options.padding.rows,
                                     .padding_columns = test.options.padding.columns,
                                     .dilation_rows = test.options.dilation.rows,
                                     .dilation_columns = test.options.dilation.columns,
                                     .groups = test.options.groups};
    Tensor expected({shape.batch, shape.out_channels, shape.out_rows(), shape.out_columns()});
    kernels::conv2d_reference(shape, x.data(), weight.data(), bias.data(), expected.data());
    EXPECT_LT(max_relative_error(y.value(), expected), 1e-6) << name_of(test);
  }
}

TEST(AutogradImageGradients, conv2d) {
  for (const ConvCase& test : conv_cases) {
    SCOPED_TRACE(name_of(test));
    const Tensor x = random_tensor(test.x, 4);
    const Tensor weight = random_tensor(test.weight, 5);
    check_gradients({x, weight, random_tensor({test.weight[0]}, 6)},
                    [&](const Inputs& in) { return conv2d(in[0], in[1], in[2], test.options); });
    check_gradients({x, weight}, [&](const Inputs& in) { return conv2d(in[0], in[1], {}, test.options); });
  }
}

/// Layers large enough for Winograd, forwards and backwards: <conv(x), v> = <x, gradient of x for v>, and the
/// same for the weights.
TEST_F(AutogradImages, conv2d_gradients_are_the_transposed_operation) {
  const Tensor x = random_tensor({1, 32, 30, 30}, 10);
  const Tensor weight = random_tensor({24, 32, 3, 3}, 11);
  const auto dot = [](const Tensor& a, const Tensor& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.elements(); ++i) sum += double{a.data()[i]} * double{b.data()[i]};
    return sum;
  };
  const Variable in = leaf(x);
  const Variable by = leaf(weight);
  const Variable y = conv2d(in, by, {}, {.padding = {1, 1}});
  const Tensor seed = random_tensor(y.shape(), 12);
  y.backward(seed);
  const double product = dot(y.value(), seed);
  const double scale = std::sqrt(dot(y.value(), y.value()) * dot(seed, seed));
  EXPECT_NEAR(dot(x, in.gradient()), product, 1e-5 * scale);
  EXPECT_NEAR(dot(weight, by.gradient()), product, 1e-5 * scale);
}

TEST(AutogradImageGradients, upsample2d) {
  for (const std::int64_t factor : {1, 2, 3}) {
    check_gradients({random_tensor({2, 3, 4, 5}, 20)},
                    [&](const Inputs& in) { return upsample2d(in[0], factor); });
  }
}

TEST_F(AutogradImages, upsample2d) {
  const Variable x = constant(tensor_of({1, 1, 2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(values_of(upsample2d(x, 2).value()),
            (std::vector<float>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}));
  EXPECT_EQ(error_of([&] { upsample2d(x, 0); }), "upsample2d: a factor of 0; at least 1");
  EXPECT_EQ(error_of([&] {
              upsample2d(constant(Tensor({2, 2})), 2);
            }),
            "upsample2d: an input of 2x2 needs rank 4 (NCHW)");
}

TEST_F(AutogradImages, conv2d_gradients_do_not_depend_on_threads) {
  kernels::ThreadPool one(1);
  Context serial(one);
  const auto gradients = [](Context& context) {
    const Variable x(context, random_tensor({3, 8, 40, 40}, 7), true);
    const Variable weight(context, random_tensor({16, 8, 3, 3}, 8), true);
    const Variable y = conv2d(x, weight, {}, {.padding = {1, 1}});
    y.backward(random_tensor(y.shape(), 9));
    return std::vector<Tensor>{y.value(), x.gradient(), weight.gradient()};
  };
  const std::vector<Tensor> threaded = gradients(context_);
  const std::vector<Tensor> alone = gradients(serial);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(bit_equal(threaded[i], alone[i])) << i;
}

TEST_F(AutogradImages, conv2d_shapes_that_do_not_fit) {
  const Variable x = constant(Tensor({1, 3, 4, 4}));
  const auto message = [&](const Shape& weight, const Conv2dOptions& options) {
    return error_of([&] { conv2d(x, constant(Tensor(weight)), {}, options); });
  };
  const std::string start = "conv2d: an input of 1x3x4x4 and weights of ";
  EXPECT_EQ(message({2, 4, 3, 3}, {}), start + "2x4x3x3: the channels do not fit with 1 groups");
  EXPECT_EQ(message({2, 3, 3}, {}), start + "2x3x3: both need rank 4");
  EXPECT_EQ(message({4, 1, 3, 3}, {.groups = 3}),
            start + "4x1x3x3: the output channels do not divide into 3 groups");
  EXPECT_EQ(message({2, 3, 5, 5}, {}),
            start + "2x3x5x5: a window of 5x5 is larger than the padded image of 4x4");
  EXPECT_EQ(message({2, 3, 3, 3}, {.stride = {0, 1}}), start + "2x3x3x3: stride 0x1 is out of range");
  EXPECT_EQ(message({2, 3, 3, 3}, {.groups = 0}),
            start + "2x3x3x3: the output channels do not divide into 0 groups");
}

TEST(AutogradImageGradients, max_pool2d) {
  const std::vector<MaxPool2dLayer> cases{
      {.kernel = {2, 2}, .stride = {2, 2}},
      {.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 1}},
      {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .ceil_mode = true},
      {.kernel = {2, 3}, .stride = {1, 1}, .padding = {1, 1}, .dilation = {3, 2}},
      {.kernel = {2, 2}, .stride = {2, 2}, .padding = {1, 1}, .dilation = {2, 2}, .ceil_mode = true}};
  for (const MaxPool2dLayer& pool : cases) {
    check_gradients({spaced_tensor({2, 2, 6, 7}, 10)},
                    [&](const Inputs& in) { return max_pool2d(in[0], pool); });
  }
}

TEST_F(AutogradImages, max_pool2d_ties_go_to_the_first) {
  const Variable x = leaf(tensor_of({1, 1, 2, 2}, {1, 1, 1, 1}));
  max_pool2d(x, {.kernel = {2, 2}}).backward();
  EXPECT_EQ(values_of(x.gradient()), (std::vector<float>{1, 0, 0, 0}));
}

TEST(AutogradImageGradients, average_pool2d) {
  for (const bool count_padding : {false, true}) {
    const std::vector<AveragePool2dLayer> cases{
        {.kernel = {2, 2}, .stride = {2, 2}, .count_include_pad = count_padding},
        {.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 1}, .count_include_pad = count_padding},
        {.kernel = {3, 3},
         .stride = {2, 3},
         .padding = {1, 1},
         .ceil_mode = true,
         .count_include_pad = count_padding},
        {.kernel = {4, 3}, .stride = {3, 3}, .ceil_mode = true, .count_include_pad = count_padding}};
    for (const AveragePool2dLayer& pool : cases) {
      check_gradients({random_tensor({2, 2, 6, 7}, 11)},
                      [&](const Inputs& in) { return average_pool2d(in[0], pool); });
    }
  }
}

TEST(AutogradImageGradients, adaptive_average_pool2d) {
  for (const Extent2d& output : {Extent2d{1, 1}, Extent2d{2, 3}, Extent2d{5, 4}, Extent2d{7, 9}}) {
    check_gradients({random_tensor({2, 2, 5, 7}, 12)},
                    [&](const Inputs& in) { return adaptive_average_pool2d(in[0], output); });
  }
}

TEST_F(AutogradImages, pooling_shapes_that_do_not_fit) {
  const Variable x = constant(Tensor({1, 1, 4, 4}));
  EXPECT_EQ(error_of([&] {
              max_pool2d(x, {.kernel = {5, 5}});
            }),
            "max_pool2d: an input of 1x1x4x4 and a window of 5x5: a window of 5x5 is larger than the padded "
            "image of "
            "4x4");
  EXPECT_EQ(error_of([&] {
              average_pool2d(x, {.kernel = {2, 2}, .padding = {2, 0}});
            }),
            "average_pool2d: an input of 1x1x4x4 and a window of 2x2: padding 2x0 is more than half of it");
  EXPECT_NE(error_of([&] { adaptive_average_pool2d(x, {0, 1}); }), "no error");
  EXPECT_NE(error_of([&] { adaptive_average_pool2d(constant(Tensor({4, 4})), {1, 1}); }), "no error");
}

TEST(AutogradImageGradients, batch_norm) {
  for (const Shape& shape : {Shape{4, 3}, Shape{2, 3, 2, 3}, Shape{1, 2, 5}}) {
    SCOPED_TRACE(shape.to_string());
    const Shape channels{shape[1]};
    const std::vector<Tensor> inputs{random_tensor(shape, 13), random_between(channels, 0.5F, 2, 14),
                                     random_tensor(channels, 15)};
    check_gradients(inputs,
                    [](const Inputs& in) { return batch_norm_training(in[0], in[1], in[2], {}, {}); });
    const Tensor mean = random_tensor(channels, 16);
    const Tensor variance = random_between(channels, 0.5F, 2, 17);
    check_gradients(
        inputs, [&](const Inputs& in) { return batch_norm_evaluation(in[0], in[1], in[2], mean, variance); });
  }
}

TEST_F(AutogradImages, batch_norm_keeps_running_statistics) {
  const Tensor mean = Tensor::zeros({1});
  const Tensor variance = tensor_of({1}, {1});
  const Variable x = constant(tensor_of({4, 1}, {1, 2, 3, 6}));  // mean 3, variance 3.5 and 14 / 3
  const Variable one = constant(tensor_of({1}, {1}));
  const Variable zero = constant(tensor_of({1}, {0}));
  const Variable y = batch_norm_training(x, one, zero, mean, variance, {.epsilon = 0, .momentum = 0.25});
  EXPECT_FLOAT_EQ(y.value().data()[3], 3 / std::sqrt(3.5F));
  EXPECT_FLOAT_EQ(mean.data()[0], 0.75F);
  EXPECT_FLOAT_EQ(variance.data()[0], 0.75F + 0.25F * 14 / 3);
  const Variable z =
      batch_norm_evaluation(x, one, zero, tensor_of({1}, {2}), tensor_of({1}, {4}), {.epsilon = 0});
  EXPECT_EQ(values_of(z.value()), (std::vector<float>{-0.5F, 0, 0.5F, 2}));
  EXPECT_EQ(error_of([&] {
              batch_norm_training(constant(Tensor({1, 1})), one, zero, mean, variance);
            }),
            "batch_norm: an input of 1x1 has less than two values per channel");
  EXPECT_EQ(error_of([&] {
              batch_norm_training(constant(Tensor({2, 2})), one, zero, mean, variance);
            }),
            "batch_norm: a weight of 1 for an input of 2x2");
  EXPECT_EQ(error_of([&] { batch_norm_evaluation(x, one, zero, {}, {}); }),
            "batch_norm: there are no running statistics");
}

}  // namespace
}  // namespace edge::autograd::test
