// SGD and Adam against steps worked out by hand, L-BFGS and its line search on functions with known minima.
#include "engine/autograd/elementwise.h"
#include "engine/autograd/lbfgs.h"
#include "engine/autograd/optimizer.h"
#include "engine/autograd/reduction.h"
#include "engine/autograd/structure.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

class AutogradOptimizer : public AutogradTest {
 protected:
  /// The values of x after each of three steps on sum(x * slope), whose gradient is always `slope`.
  template <class Optimizer, class Options>
  std::vector<float> steps(float slope, const Options& options) {
    const Variable x = leaf(tensor_of({1}, {1}));
    Optimizer optimizer({x}, options);
    std::vector<float> values;
    for (int i = 0; i < 3; ++i) {
      optimizer.zero_gradients();
      sum(x * slope).backward();
      optimizer.step();
      values.push_back(x.value().data()[0]);
    }
    return values;
  }
};

void expect_near(const std::vector<float>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-6) << i;
}

TEST_F(AutogradOptimizer, sgd) {
  expect_near(steps<Sgd>(2, SgdOptions{.learning_rate = 0.1}), {0.8, 0.6, 0.4});
  // velocities 2, 3, 3.5
  expect_near(steps<Sgd>(2, SgdOptions{.learning_rate = 0.1, .momentum = 0.5}), {0.8, 0.5, 0.15});
  // changes 2 + 0.5 * 2, 2 + 0.5 * 3, 2 + 0.5 * 3.5
  expect_near(steps<Sgd>(2, SgdOptions{.learning_rate = 0.1, .momentum = 0.5, .nesterov = true}),
              {0.7, 0.35, -0.025});
  // gradients 2 + 1 * x
  expect_near(steps<Sgd>(2, SgdOptions{.learning_rate = 0.1, .weight_decay = 1}), {0.7, 0.43, 0.187});
}

TEST_F(AutogradOptimizer, adam) {
  // With a constant gradient both corrected moments are exact: each step is the learning rate.
  expect_near(steps<Adam>(2, AdamOptions{.learning_rate = 0.1}), {0.9, 0.8, 0.7});
  expect_near(steps<Adam>(-0.03F, AdamOptions{.learning_rate = 0.1}), {1.1, 1.2, 1.3});
  expect_near(steps<Adam>(2, AdamOptions{.learning_rate = 0.1, .epsilon = 2}), {0.95, 0.9, 0.85});

  // x^2 from 1 on, with learning rate 0.1, betas 0.5 and 0.75. Second step: gradient 1.8, moments
  // 0.5 * 1 + 0.5 * 1.8 = 1.4 (corrected by 0.75) and 0.75 * 1 + 0.25 * 3.24 = 1.56 (by 0.4375).
  const Variable x = leaf(tensor_of({1}, {1}));
  Adam optimizer({x}, {.learning_rate = 0.1, .beta1 = 0.5, .beta2 = 0.75});
  for (int i = 0; i < 2; ++i) {
    optimizer.zero_gradients();
    sum(square(x)).backward();
    optimizer.step();
  }
  EXPECT_NEAR(x.value().data()[0], 0.9 - 0.1 * (1.4 / 0.75) / std::sqrt(1.56 / 0.4375), 1e-6);
}

TEST_F(AutogradOptimizer, adamw_shrinks_beside_the_step) {
  // 1 * (1 - 0.1 * 0.5) - 0.1, and so on: the decay is not part of the gradient.
  expect_near(steps<Adam>(2, AdamOptions{.learning_rate = 0.1, .weight_decay = 0.5, .decoupled_decay = true}),
              {0.85, 0.7075, 0.572125});
}

TEST_F(AutogradOptimizer, gradients_are_clipped_together) {
  const Variable a = leaf(tensor_of({2}, {0, 0}));
  const Variable b = leaf(tensor_of({1}, {0}));
  const Variable unused = leaf(tensor_of({1}, {0}));
  const std::vector<Variable> all{a, b, unused};
  const auto set = [&] {
    for (const Variable& x : all) x.zero_gradient();
    a.add_gradient(tensor_of({2}, {3, 0}));
    b.add_gradient(tensor_of({1}, {-4}));
  };
  set();
  EXPECT_DOUBLE_EQ(clip_gradients(all, 10), 5);
  EXPECT_EQ(values_of(a.gradient()), (std::vector<float>{3, 0}));
  EXPECT_DOUBLE_EQ(clip_gradients(all, 1), 5);
  EXPECT_FLOAT_EQ(a.gradient().data()[0], 0.6F);
  EXPECT_FLOAT_EQ(b.gradient().data()[0], -0.8F);
  EXPECT_TRUE(unused.gradient().empty());
}

TEST_F(AutogradOptimizer, parameters_without_gradient_stay) {
  const Variable x = leaf(tensor_of({1}, {1}));
  const Variable unused = leaf(tensor_of({1}, {5}));
  Sgd optimizer({x, unused}, {.learning_rate = 1});
  sum(x).backward();
  optimizer.step();
  EXPECT_EQ(x.value().data()[0], 0);
  EXPECT_EQ(unused.value().data()[0], 5);
}

TEST_F(AutogradOptimizer, both_find_the_minimum_of_a_quadratic) {
  const Tensor target = random_tensor({10}, 1);
  const auto distance_after = [&](auto make_optimizer, int count) {
    const Variable x = leaf(Tensor::zeros({10}));
    auto optimizer = make_optimizer(x);
    for (int i = 0; i < count; ++i) {
      optimizer->zero_gradients();
      sum(square(x - constant(target))).backward();
      optimizer->step();
    }
    return max_relative_error(x.value(), target);
  };
  const auto sgd = [](const Variable& x) {
    return std::make_unique<Sgd>(std::vector{x}, SgdOptions{.learning_rate = 0.1, .momentum = 0.5});
  };
  const auto adam = [](const Variable& x) {
    return std::make_unique<Adam>(std::vector{x}, AdamOptions{.learning_rate = 0.05});
  };
  EXPECT_LT(distance_after(sgd, 60), 1e-5);
  EXPECT_LT(distance_after(adam, 400), 1e-3);
}

/// Rosenbrock's valley in pairs of coordinates; minimum 0 at (1, 1 ...).
double rosenbrock(std::span<const double> x, std::span<double> gradient) {
  double value = 0;
  for (std::size_t i = 0; i < x.size(); i += 2) {
    const double height = x[i + 1] - x[i] * x[i];
    const double rest = 1 - x[i];
    value += 100 * height * height + rest * rest;
    gradient[i] = -400 * height * x[i] - 2 * rest;
    gradient[i + 1] = 200 * height;
  }
  return value;
}

TEST(AutogradLbfgs, rosenbrock) {
  for (const std::size_t size : {2U, 20U}) {
    std::vector<double> x(size, 1);
    for (std::size_t i = 0; i < size; i += 2) x[i] = -1.2;
    const LbfgsResult result = minimize_lbfgs(rosenbrock, x, {.gradient_tolerance = 1e-9});
    EXPECT_EQ(result.end, LbfgsResult::End::gradient);
    EXPECT_LT(result.value, 1e-16);
    EXPECT_LT(result.iterations, 50);
    EXPECT_LT(result.evaluations, 70);
    EXPECT_NEAR(result.first_value, 24.2 * static_cast<double>(size / 2), 1e-9);
    for (const double value : x) EXPECT_NEAR(value, 1, 1e-8);
  }
}

TEST_F(AutogradOptimizer, lbfgs_on_rosenbrock_in_single_precision) {
  const Variable x = leaf(tensor_of({2}, {-1.2F, 1}));
  const auto loss = [&] {
    const Variable a = slice(x, 0, 0, 1);
    const Variable b = slice(x, 0, 1, 1);
    return sum(square(b - square(a)) * 100.0F + square(-a + 1.0F));
  };
  const LbfgsResult result = train_lbfgs(std::vector{x}, loss);
  EXPECT_LT(result.value, 1e-8);
  EXPECT_EQ(loss().item(), static_cast<float>(result.value));
  EXPECT_NEAR(x.value().data()[0], 1, 1e-3);
}

TEST(AutogradLbfgs, ill_conditioned_quadratic) {
  // sum(c_i / 2 * (x_i - i)^2), c from 1 to 1e6
  const auto objective = [](std::span<const double> x, std::span<double> gradient) {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double curvature = std::pow(10.0, static_cast<double>(i));
      const double difference = x[i] - static_cast<double>(i);
      value += curvature / 2 * difference * difference;
      gradient[i] = curvature * difference;
    }
    return value;
  };
  std::vector<double> x(7, 0.5);
  const LbfgsResult result = minimize_lbfgs(objective, x, {.change_tolerance = 0});
  EXPECT_EQ(result.end, LbfgsResult::End::gradient);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], static_cast<double>(i), 1e-6);
}

TEST(AutogradLbfgs, ends) {
  using End = LbfgsResult::End;
  std::vector<double> x{-1.2, 1};
  EXPECT_EQ(minimize_lbfgs(rosenbrock, x, {.max_iterations = 3}).iterations, 3);
  x = {-1.2, 1};
  const LbfgsResult few = minimize_lbfgs(rosenbrock, x, {.max_evaluations = 10});
  EXPECT_EQ(few.end, End::limit);
  EXPECT_LE(few.evaluations, 11);
  EXPECT_LT(few.value, few.first_value);
  // A gradient that points uphill: no step can help, and x stays.
  std::vector<double> y{3};
  const auto liar = [](std::span<const double> at, std::span<double> gradient) {
    gradient[0] = -1;
    return at[0];
  };
  EXPECT_EQ(minimize_lbfgs(liar, y).end, End::no_descent);
  EXPECT_EQ(y[0], 3);
  const auto nan = [](std::span<const double>, std::span<double>) { return std::nan(""); };
  EXPECT_EQ(error_of([&] { minimize_lbfgs(nan, y); }),
            "L-BFGS: the loss or its gradient is not finite at the start");
}

TEST(AutogradLbfgs, steps_back_from_where_the_objective_ends) {
  // -log(x) - log(1 - x): infinite outside of (0, 1).
  const auto barrier = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = -1 / x[0] + 1 / (1 - x[0]);
    return -std::log(x[0]) - std::log(1 - x[0]);
  };
  std::vector<double> x{0.001};
  EXPECT_EQ(minimize_lbfgs(barrier, x).end, LbfgsResult::End::gradient);
  EXPECT_NEAR(x[0], 0.5, 1e-6);
}

TEST(AutogradLineSearch, finds_strong_wolfe_points) {
  // The functions of Moré and Thuente 1994 (ACM TOMS 20), numbers 1 and (less steep) 2, from far too small to
  // far too large first steps.
  const auto first = [](double t) {
    return LinePoint{t, -t / (t * t + 2), (t * t - 2) / ((t * t + 2) * (t * t + 2))};
  };
  const auto second = [](double t) {
    const double u = t + 0.4;
    return LinePoint{t, std::pow(u, 5) - 2 * std::pow(u, 4), 5 * std::pow(u, 4) - 8 * std::pow(u, 3)};
  };
  struct Case {
    std::function<LinePoint(double)> line;
    double curvature;
  };
  for (const auto& [line, curvature] : {Case{first, 0.1}, Case{second, 0.1}}) {
    for (const double step : {1e-3, 0.1, 1.0, 10.0, 1000.0}) {
      const LinePoint start = line(0);
      const LineSearchResult result =
          strong_wolfe_search(line, start, step, {.sufficient_decrease = 1e-3, .curvature = curvature});
      EXPECT_TRUE(result.wolfe) << step;
      EXPECT_LE(result.point.value, start.value + 1e-3 * result.point.step * start.slope);
      EXPECT_LE(std::abs(result.point.slope), curvature * std::abs(start.slope));
      EXPECT_LE(result.evaluations, 25) << step;
    }
  }
}

}  // namespace
}  // namespace edge::autograd::test
