// Training as a whole: a small CNN learns to tell drawn shapes apart, a perceptron learns by L-BFGS, and both
// do so with the same bits every time.
#include "engine/autograd/elementwise.h"
#include "engine/autograd/layers.h"
#include "engine/autograd/lbfgs.h"
#include "engine/autograd/losses.h"
#include "engine/autograd/optimizer.h"
#include "engine/autograd/pooling.h"
#include "engine/autograd/structure.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

constexpr std::int64_t image_size = 16;
constexpr std::int64_t class_count = 4;  // circle, square, triangle, nothing but noise

struct ShapesData {
  Tensor images;
  std::vector<std::int64_t> classes;
};

bool inside(std::int64_t kind, float x, float y, float radius) {
  if (kind == 0) return x * x + y * y < radius * radius;
  if (kind == 1) return std::max(std::abs(x), std::abs(y)) < 0.85F * radius;
  return y < radius && 2 * std::abs(x) < y + radius;  // kind 2; the tip is up
}

/// Bright or dark figures of random place and size on a noisy grey ground.
ShapesData draw_shapes(std::int64_t count, Generator& generator) {
  ShapesData data{Tensor({count, 1, image_size, image_size}), {}};
  float* pixel = data.images.data();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto kind = static_cast<std::int64_t>(generator() % class_count);
    data.classes.push_back(kind);
    const float radius = 3.5F + 2.5F * uniform(generator);
    const float room = static_cast<float>(image_size) - 2 * radius;
    const float centre_x = radius + room * uniform(generator);
    const float centre_y = radius + room * uniform(generator);
    const float contrast = (0.5F + 0.5F * uniform(generator)) * (generator() % 2 == 0 ? 1.0F : -1.0F);
    for (std::int64_t y = 0; y < image_size; ++y) {
      for (std::int64_t x = 0; x < image_size; ++x) {
        const float noise = 0.4F * (uniform(generator) - 0.5F);
        const bool figure = kind < 3 && inside(kind, static_cast<float>(x) + 0.5F - centre_x,
                                               static_cast<float>(y) + 0.5F - centre_y, radius);
        *pixel++ = noise + (figure ? contrast : 0.0F);
      }
    }
  }
  return data;
}

/// The network, its data and its optimiser, all from one seed.
class ShapesTraining {
 public:
  explicit ShapesTraining(int threads) : pool_(threads), context_(pool_) {
    const Conv2dOptions same{.padding = {1, 1}};
    const auto pool = [](const Variable& x) { return max_pool2d(x, {.kernel = {2, 2}, .stride = {2, 2}}); };
    network_.add<Conv2d>(context_, 1, 8, Extent2d{3, 3}, same, generator_, false)
        .add<BatchNorm>(context_, 8)
        .add<Function>(relu)
        .add<Function>(pool)
        .add<Conv2d>(context_, 8, 16, Extent2d{3, 3}, same, generator_)
        .add<Function>(relu)
        .add<Function>(pool)
        .add<Function>(flatten)
        .add<Dropout>(0.1, generator_)
        .add<Linear>(context_, 16 * 4 * 4, class_count, generator_);
    optimizer_ = std::make_unique<Adam>(network_.parameters(), AdamOptions{.learning_rate = 4e-3});
  }

  void slow_down() { optimizer_->set_learning_rate(1e-3); }

  void train(int batches) {
    for (int i = 0; i < batches; ++i) {
      const ShapesData data = draw_shapes(32, generator_);
      optimizer_->zero_gradients();
      cross_entropy(network_.forward({context_, data.images}), data.classes).backward();
      optimizer_->step();
    }
  }

  /// Share of unseen images that are classified correctly.
  double accuracy(std::int64_t count) {
    const NoGrad guard(context_);
    network_.set_training(false);
    Generator unseen(4711);
    const ShapesData data = draw_shapes(count, unseen);
    const Tensor logits = network_.forward({context_, data.images}).value();
    network_.set_training(true);
    std::int64_t correct = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const float* const row = logits.data() + i * class_count;
      correct += std::max_element(row, row + class_count) - row == data.classes[static_cast<std::size_t>(i)];
    }
    return static_cast<double>(correct) / static_cast<double>(count);
  }

  NamedTensors state() const { return network_.state_dict(); }

 private:
  kernels::ThreadPool pool_;
  Context context_;
  Generator generator_{1};
  Sequential network_;
  std::unique_ptr<Adam> optimizer_;
};

TEST(AutogradTraining, a_small_cnn_learns_shapes) {
  ShapesTraining training(2);
  EXPECT_LT(training.accuracy(400), 0.6);
  training.train(220);
  training.slow_down();
  training.train(80);
  EXPECT_GT(training.accuracy(1000), 0.95);
}

TEST(AutogradTraining, the_same_run_gives_the_same_bits) {
  ShapesTraining first(1);
  ShapesTraining second(1);
  ShapesTraining threaded(3);
  for (ShapesTraining* training : {&first, &second, &threaded}) training->train(5);
  for (const auto& [name, tensor] : first.state()) {
    EXPECT_TRUE(bit_equal(tensor, second.state().at(name))) << name;
    EXPECT_TRUE(bit_equal(tensor, threaded.state().at(name))) << name;
  }
}

TEST(AutogradTraining, a_perceptron_learns_by_lbfgs) {
  // The shape of a sparsity predictor: inputs in [0, 1], one logistic hidden unit, several outputs.
  const auto train = [](Tensor& weights) {
    kernels::ThreadPool pool(1);
    Context context(pool);
    Generator generator(1);
    const Tensor x = random_between({50, 6}, 0, 1, 1);
    Sequential truth;
    truth.add<Linear>(context, 6, 1, generator).add<Function>(sigmoid).add<Linear>(context, 1, 5, generator);
    const Variable target = truth.forward({context, x}).detach();
    Sequential model;
    model.add<Linear>(context, 6, 1, generator).add<Function>(sigmoid).add<Linear>(context, 1, 5, generator);
    const std::vector<Variable> parameters = model.parameters();
    const LbfgsResult result = train_lbfgs(parameters,
                                           [&] {
                                             return mse_loss(model.forward({context, x}), target);
                                           },
                                           {.max_iterations = 300});
    weights = parameters[0].value();
    return result;
  };
  Tensor first;
  Tensor second;
  const LbfgsResult result = train(first);
  EXPECT_GT(result.first_value, 1e-3);
  EXPECT_LT(result.value, 1e-6);
  train(second);
  EXPECT_TRUE(bit_equal(first, second));
}

}  // namespace
}  // namespace edge::autograd::test
