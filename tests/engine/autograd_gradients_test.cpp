// Gradients of the elementwise operations, reductions, matrix products, softmax and losses, against numeric
// differentiation.
#include "engine/autograd/detection_losses.h"
#include "engine/autograd/dropout.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/losses.h"
#include "engine/autograd/matrix.h"
#include "engine/autograd/reduction.h"
#include "engine/autograd/softmax.h"
#include "engine/autograd/structure.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

class AutogradValues : public AutogradTest {};

TEST(AutogradGradients, unary) {
  const Tensor x = random_tensor({3, 5}, 1);
  check_gradients({x}, [](const Inputs& in) { return sigmoid(in[0]); });
  check_gradients({x}, [](const Inputs& in) { return tanh(in[0]); });
  check_gradients({x}, [](const Inputs& in) { return exp(in[0]); });
  check_gradients({x}, [](const Inputs& in) { return square(in[0]); });
  check_gradients({x}, [](const Inputs& in) { return -in[0]; });
  check_gradients({x}, [](const Inputs& in) { return in[0] * 2.5F + 1.0F; });
  check_gradients(
      {random_between({3, 5}, 0.5F, 2.0F, 2)}, [](const Inputs& in) { return log(in[0]); }, 0.01);
  check_gradients({spaced_tensor({4, 5}, 3)}, [](const Inputs& in) { return relu(in[0]); });
}

struct Pair {
  Shape a, b;
};

const std::vector<Pair> broadcast_pairs{{{2, 3}, {2, 3}},
                                        {{2, 3}, {3}},
                                        {{2, 1}, {1, 3}},
                                        {{4}, {3, 1}},
                                        {{}, {2, 2}},
                                        {{2, 3, 4}, {3, 1}},
                                        {{1, 3, 1}, {2, 1, 4}},
                                        {{}, {}},
                                        {{2, 1, 3, 1}, {4, 1, 2}},
                                        {{1}, {3, 2}},
                                        {{2, 1, 2, 1, 2, 1}, {3, 1, 2, 1, 2}}};

TEST(AutogradGradients, binary_with_broadcasting) {
  std::uint32_t seed = 10;
  for (const auto& [a, b] : broadcast_pairs) {
    SCOPED_TRACE(a.to_string() + " and " + b.to_string());
    const std::vector<Tensor> inputs{random_tensor(a, ++seed), random_between(b, 0.7F, 2.0F, ++seed)};
    const std::vector<Tensor> swapped{random_tensor(b, ++seed), random_between(a, 0.7F, 2.0F, ++seed)};
    for (const auto& in : {inputs, swapped}) {
      check_gradients(in, [](const Inputs& x) { return x[0] + x[1]; });
      check_gradients(in, [](const Inputs& x) { return x[0] - x[1]; });
      check_gradients(in, [](const Inputs& x) { return x[0] * x[1]; });
      check_gradients(in, [](const Inputs& x) { return x[0] / x[1]; });
    }
  }
}

TEST_F(AutogradValues, broadcasting_repeats_as_numpy_does) {
  const Variable column = constant(tensor_of({2, 1}, {10, 20}));
  const Variable row = constant(tensor_of({3}, {1, 2, 3}));
  const Variable sum = column + row;
  EXPECT_EQ(sum.shape(), (Shape{2, 3}));
  EXPECT_EQ(values_of(sum.value()), (std::vector<float>{11, 12, 13, 21, 22, 23}));
  EXPECT_EQ(values_of((row - column).value()), (std::vector<float>{-9, -8, -7, -19, -18, -17}));
  EXPECT_EQ(error_of([&] {
              constant(Tensor({2, 3})) * constant(Tensor({4, 2}));
            }),
            "multiply: shapes 2x3 and 4x2 cannot be broadcast to one");
}

TEST_F(AutogradValues, large_inputs_use_all_threads_and_change_nothing) {
  const Tensor x = random_tensor({7, 9001}, 5);
  const Tensor y = random_tensor({7, 9001}, 6);
  kernels::ThreadPool one(1);
  Context serial(one);
  const auto result = [&](Context& context) {
    const Variable a(context, x, true);
    const Variable b(context, y, true);
    sum(sigmoid(a * b) + relu(a)).backward();
    return std::pair(a.gradient().clone(), b.gradient().clone());
  };
  const auto threaded = result(context_);
  const auto alone = result(serial);
  EXPECT_TRUE(bit_equal(threaded.first, alone.first));
  EXPECT_TRUE(bit_equal(threaded.second, alone.second));
}

TEST_F(AutogradValues, sigmoid_saturates_without_overflow) {
  const Variable y = sigmoid(constant(tensor_of({4}, {-200, 200, 0, -INFINITY})));
  EXPECT_EQ(values_of(y.value()), (std::vector<float>{0, 1, 0.5F, 0}));
}

TEST(AutogradGradients, reductions) {
  const Tensor x = random_tensor({2, 3, 4}, 20);
  for (const bool keep : {false, true}) {
    for (const std::vector<int>& dimensions :
         {std::vector<int>{0}, {1}, {2}, {-1}, {0, 2}, {1, 2}, {0, 1, 2}, {}}) {
      check_gradients({x}, [&](const Inputs& in) { return square(sum(in[0], dimensions, keep)); });
      check_gradients({x}, [&](const Inputs& in) { return square(mean(in[0], dimensions, keep)); });
    }
  }
  check_gradients({x}, [](const Inputs& in) { return square(sum(in[0])); });
  check_gradients({x}, [](const Inputs& in) { return square(mean(in[0])); });
}

TEST_F(AutogradValues, reductions) {
  const Variable x = constant(tensor_of({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(sum(x).item(), 21);
  EXPECT_EQ(mean(x).item(), 3.5F);
  EXPECT_EQ(values_of(sum(x, {0}).value()), (std::vector<float>{5, 7, 9}));
  EXPECT_EQ(values_of(mean(x, {-1}).value()), (std::vector<float>{2, 5}));
  EXPECT_EQ(sum(x, {1}, true).shape(), (Shape{2, 1}));
  EXPECT_EQ(sum(x, {0, 1}, true).shape(), (Shape{1, 1}));
  EXPECT_EQ(sum(x, {0, 1}).shape(), Shape{});
  EXPECT_EQ(error_of([&] { sum(x, {2}); }), "sum: a tensor of 2x3 has no dimension 2");
}

TEST(AutogradGradients, structure) {
  const Tensor x = random_tensor({2, 3, 4}, 30);
  check_gradients({x}, [](const Inputs& in) { return square(reshape(in[0], {4, 6})); });
  check_gradients({x}, [](const Inputs& in) { return square(flatten(in[0])); });
  for (int dimension = -3; dimension < 3; ++dimension) {
    check_gradients({x}, [&](const Inputs& in) { return square(slice(in[0], dimension, 1, 1)); });
    check_gradients({x, random_tensor({2, 3, 4}, 31)}, [&](const Inputs& in) {
      return square(concat({in[0], in[1], in[0]}, dimension));
    });
  }
  check_gradients({random_tensor({2, 1, 3}, 32), random_tensor({2, 4, 3}, 33)},
                  [](const Inputs& in) { return square(slice(concat(in, 1), 1, 0, 3)); });
}

TEST_F(AutogradValues, structure) {
  const Variable x = constant(tensor_of({2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values_of(slice(x, 1, 1, 2).value()), (std::vector<float>{2, 3, 5, 6}));
  EXPECT_EQ(values_of(concat({x, slice(x, 1, 0, 1)}, 1).value()),
            (std::vector<float>{1, 2, 3, 1, 4, 5, 6, 4}));
  EXPECT_EQ(slice(x, 0, 2, 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(error_of([&] { reshape(x, {4}); }), "reshape: 2x3 and 4 differ in their number of elements");
  EXPECT_EQ(error_of([&] { slice(x, 1, 2, 2); }), "slice: 2 from 2 on are not in dimension 1 of 2x3");
  EXPECT_EQ(error_of([&] { slice(x, 1, 1, INT64_MAX); }).substr(0, 6), "slice:");
  EXPECT_EQ(error_of([&] {
              concat({x, constant(Tensor({3, 3}))}, 1);
            }),
            "concat: shapes 2x3 and 3x3 differ in more than dimension 1");
}

TEST(AutogradGradients, matrix_products) {
  Random random(40);
  for (int i = 0; i < 6; ++i) {
    const std::int64_t m = pick(random, 1, 7);
    const std::int64_t n = pick(random, 1, 7);
    const std::int64_t k = pick(random, 1, 7);
    const auto seed = static_cast<std::uint32_t>(random());
    check_gradients({random_tensor({m, k}, seed), random_tensor({k, n}, seed + 1)},
                    [](const Inputs& in) { return matmul(in[0], in[1]); });
    check_gradients({random_tensor({2, 3, m, k}, seed), random_tensor({2, 3, k, n}, seed + 1)},
                    [](const Inputs& in) { return matmul(in[0], in[1]); });
    check_gradients(
        {random_tensor({m, k}, seed), random_tensor({n, k}, seed + 1), random_tensor({n}, seed + 2)},
        [](const Inputs& in) { return linear(in[0], in[1], in[2]); });
    check_gradients({random_tensor({m, k}, seed), random_tensor({n, k}, seed + 1)},
                    [](const Inputs& in) { return linear(in[0], in[1]); });
  }
}

TEST_F(AutogradValues, matrix_products) {
  const Variable a = constant(tensor_of({2, 3}, {1, 2, 3, 4, 5, 6}));
  const Variable b = constant(tensor_of({3, 2}, {1, 0, 0, 1, 2, 2}));
  EXPECT_EQ(values_of(matmul(a, b).value()), (std::vector<float>{7, 8, 16, 17}));
  EXPECT_EQ(
      values_of(linear(a, constant(tensor_of({1, 3}, {1, 1, 1})), constant(tensor_of({1}, {10}))).value()),
      (std::vector<float>{16, 25}));
  EXPECT_EQ(error_of([&] { matmul(a, a); }),
            "matmul: shapes 2x3 and 2x3: the columns of the first are not the rows of the second");
  EXPECT_EQ(error_of([&] { linear(a, b); }),
            "linear: an input of 2x3 does not fit to weights of 3x2 (out x in)");
  EXPECT_EQ(error_of([&] { linear(a, a, constant(Tensor({3}))); }), "linear: a bias of 3 for weights of 2x3");
}

TEST(AutogradGradients, softmax) {
  const Tensor x = random_between({2, 3, 4}, -2, 2, 50);
  for (int dimension = -3; dimension < 3; ++dimension) {
    check_gradients({x}, [&](const Inputs& in) { return softmax(in[0], dimension); });
    check_gradients({x}, [&](const Inputs& in) { return log_softmax(in[0], dimension); });
  }
}

TEST_F(AutogradValues, softmax_of_extreme_values) {
  const Variable x = constant(tensor_of({2, 2}, {1000, 0, -1000, -1000}));
  EXPECT_EQ(values_of(softmax(x).value()), (std::vector<float>{1, 0, 0.5F, 0.5F}));
  EXPECT_EQ(log_softmax(x).value().data()[1], -1000);
}

TEST(AutogradGradients, losses) {
  const std::vector<std::int64_t> classes{2, 0, 1, 2};
  check_gradients({random_between({4, 3}, -2, 2, 60)},
                  [&](const Inputs& in) { return cross_entropy(in[0], classes); });
  check_gradients({random_tensor({3, 4}, 61), random_tensor({3, 4}, 62)},
                  [](const Inputs& in) { return mse_loss(in[0], in[1]); });
}

TEST(AutogradGradients, detection_losses) {
  const Tensor heat = tensor_of({1, 1, 2, 3}, {1, 0.5F, 0, 0.8F, 1, 0});
  check_gradients({random_between({1, 1, 2, 3}, -3, 3, 63)},
                  [&](const Inputs& in) { return centre_focal_loss(in[0], heat); });
  const Tensor target = Tensor::zeros({2, 4});
  const Tensor weights = random_between({2, 4}, 0, 2, 64);
  check_gradients({spaced_tensor({2, 4}, 65)},
                  [&](const Inputs& in) { return weighted_l1_loss(in[0], target, weights); });
}

TEST_F(AutogradValues, detection_losses) {
  // At p = 1/2: 1/4 log 2 for the centre, and (1 - 0.5)^4 times that beside it; one centre.
  const Variable logits = constant(Tensor::zeros({1, 2}));
  const Tensor heat = tensor_of({1, 2}, {1, 0.5F});
  EXPECT_NEAR(centre_focal_loss(logits, heat).item(), 0.25 * std::log(2.0) * (1 + 1.0 / 16), 1e-6);
  // Certain and right: nothing; certain and wrong: finite.
  EXPECT_NEAR(centre_focal_loss(constant(tensor_of({1, 2}, {200, -200})), heat).item(), 0, 1e-6);
  EXPECT_NEAR(centre_focal_loss(constant(tensor_of({1, 2}, {-200, -200})), heat).item(), 200, 1e-3);
  EXPECT_NEAR(centre_focal_loss(logits, Tensor::zeros({1, 2})).item(), 0.5 * std::log(2.0), 1e-6);
  const Variable x = constant(tensor_of({2}, {1, 3}));
  EXPECT_FLOAT_EQ(weighted_l1_loss(x, tensor_of({2}, {2, 0}), tensor_of({2}, {3, 1})).item(), 1.5F);
  EXPECT_FLOAT_EQ(weighted_l1_loss(x, tensor_of({2}, {2, 0}), Tensor::zeros({2})).item(), 0);
  EXPECT_EQ(error_of([&] {
              centre_focal_loss(logits, Tensor({2, 2}));
            }),
            "centre_focal_loss: a heat map of 2x2 for a prediction of 1x2");
  EXPECT_EQ(error_of([&] { weighted_l1_loss(x, Tensor({2}), Tensor({1})); }),
            "weighted_l1_loss: weights of 1 for a prediction of 2");
}

TEST_F(AutogradValues, losses) {
  const Variable logits = constant(tensor_of({1, 2}, {0, 0}));
  EXPECT_FLOAT_EQ(cross_entropy(logits, std::vector<std::int64_t>{1}).item(), std::log(2.0F));
  EXPECT_EQ(mse_loss(constant(tensor_of({2}, {1, 3})), constant(tensor_of({2}, {0, 0}))).item(), 5);
  EXPECT_EQ(error_of([&] { cross_entropy(logits, std::vector<std::int64_t>{2}); }),
            "cross_entropy: class 2 for logits of 1x2");
  EXPECT_EQ(error_of([&] {
              cross_entropy(logits, std::vector<std::int64_t>{0, 1});
            }),
            "cross_entropy: logits of 1x2 for 2 classes");
  EXPECT_EQ(error_of([&] { mse_loss(logits, constant(Tensor({2}))); }),
            "mse_loss: a prediction of 1x2 for a target of 2");
}

TEST(AutogradGradients, dropout) {
  check_gradients({random_tensor({5, 5}, 70)}, [](const Inputs& in) {
    Generator generator(3);
    return dropout(in[0], 0.4, generator);
  });
}

TEST_F(AutogradValues, dropout_keeps_the_expectation) {
  Generator generator(1);
  const Variable ones = leaf(tensor_of({1}, {1})) + constant(Tensor::zeros({20000}));
  const Variable dropped = dropout(ones, 0.3, generator);
  EXPECT_NEAR(mean(dropped).item(), 1, 0.02);
  const auto zeros = std::count(dropped.value().values().begin(), dropped.value().values().end(), 0.0F);
  EXPECT_NEAR(static_cast<double>(zeros), 6000, 250);
  EXPECT_FALSE(bit_equal(dropped.value(), dropout(ones, 0.3, generator).value()));
  EXPECT_TRUE(bit_equal(ones.value(), dropout(ones, 0, generator).value()));
  EXPECT_EQ(error_of([&] { dropout(ones, 1, generator); }).substr(0, 8), "dropout:");
}

}  // namespace
}  // namespace edge::autograd::test
