// Modules: names, state dicts, files, and training against evaluation.
#include <unistd.h>

#include <filesystem>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/layers.h"
#include "engine/autograd/module.h"
#include "engine/autograd/structure.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

/// A network with a module inside of a module.
class Network final : public Module {
 public:
  Network(Context& context, std::uint32_t seed) : generator_(seed) {
    features_.add<Conv2d>(context, 1, 4, Extent2d{3, 3}, Conv2dOptions{.groups = 1}, generator_)
        .add<BatchNorm>(context, 4)
        .add<Function>(relu)
        .add<Function>(flatten)
        .add<Dropout>(0.5, generator_);
    classifier_ = std::make_unique<Linear>(context, 16, 3, generator_);
    register_module("features", features_);
    register_module("classifier", *classifier_);
    scale_ = register_parameter("scale", context, tensor_of({1}, {2}));
  }
  Variable forward(const Variable& x) override { return classifier_->forward(features_.forward(x)) * scale_; }

 private:
  Generator generator_;
  Sequential features_;
  std::unique_ptr<Linear> classifier_;
  Variable scale_;
};

class AutogradModule : public AutogradTest {
 protected:
  Network network_{context_, 1};
  Variable image_{context_, random_tensor({2, 1, 4, 4}, 5)};
};

TEST_F(AutogradModule, names_and_shapes) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network_.state_dict())
    names.push_back(name + " " + tensor.shape().to_string());
  EXPECT_EQ(names, (std::vector<std::string>{"classifier.bias 3", "classifier.weight 3x16",
                                             "features.0.bias 4", "features.0.weight 4x1x3x3",
                                             "features.1.bias 4", "features.1.running_mean 4",
                                             "features.1.running_var 4", "features.1.weight 4", "scale 1"}));
  EXPECT_EQ(network_.parameters().size(), 7U);
  EXPECT_EQ(network_.parameters().front().shape(), Shape{1});  // its own come first
}

TEST_F(AutogradModule, all_parameters_get_gradients) {
  const Variable y = network_.forward(image_);
  EXPECT_EQ(y.shape(), (Shape{2, 3}));
  y.backward(random_tensor({2, 3}, 6));
  for (const Variable& parameter : network_.parameters()) EXPECT_FALSE(parameter.gradient().empty());
}

TEST_F(AutogradModule, evaluation_changes_nothing_and_repeats) {
  (void)network_.forward(image_);
  network_.set_training(false);
  NamedTensors before;
  for (const auto& [name, tensor] : network_.state_dict()) before[name] = tensor.clone();
  const Tensor first = network_.forward(image_).value();
  EXPECT_TRUE(bit_equal(first, network_.forward(image_).value()));
  for (const auto& [name, tensor] : network_.state_dict())
    EXPECT_TRUE(bit_equal(tensor, before[name])) << name;
  network_.set_training(true);
  EXPECT_FALSE(bit_equal(network_.forward(image_).value(), network_.forward(image_).value()));  // dropout
  EXPECT_FALSE(
      bit_equal(network_.state_dict().at("features.1.running_mean"), before["features.1.running_mean"]));
}

TEST_F(AutogradModule, a_file_brings_everything_back) {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("edge_module_" + std::to_string(::getpid()))).string();
  (void)network_.forward(image_);  // running statistics that are not the initial ones
  save_parameters(network_, file);
  Network other(context_, 2);
  network_.set_training(false);
  other.set_training(false);
  EXPECT_FALSE(bit_equal(network_.forward(image_).value(), other.forward(image_).value()));
  load_parameters(other, file);
  EXPECT_TRUE(bit_equal(network_.forward(image_).value(), other.forward(image_).value()));
  Generator generator(1);
  Linear stranger(context_, 1, 1, generator);
  EXPECT_EQ(error_of([&] { load_parameters(stranger, file); }), file + ": parameter \"bias\" is missing");
  std::filesystem::remove(file);
}

TEST_F(AutogradModule, state_dicts_that_do_not_fit_change_nothing) {
  Network other(context_, 2);
  const NamedTensors state = other.state_dict();
  const Tensor before = network_.state_dict().at("classifier.bias").clone();
  const auto error_with = [&](const std::function<void(NamedTensors&)>& change) {
    NamedTensors changed = state;
    change(changed);
    return error_of([&] { network_.load_state_dict(changed); });
  };
  EXPECT_EQ(error_with([](NamedTensors& changed) { changed.erase("scale"); }),
            "parameter \"scale\" is missing");
  EXPECT_EQ(error_with([](NamedTensors& changed) { changed["scale"] = Tensor({2}); }),
            "parameter \"scale\" has 2 instead of 1");
  EXPECT_EQ(error_with([](NamedTensors& changed) { changed["more"] = Tensor({2}); }),
            "parameter \"more\" is not one of this network's");
  EXPECT_TRUE(bit_equal(network_.state_dict().at("classifier.bias"), before));
  EXPECT_EQ(error_with([](NamedTensors&) {}), "no error");
  EXPECT_FALSE(bit_equal(network_.state_dict().at("classifier.bias"), before));
}

TEST_F(AutogradModule, seeds_decide_the_initial_values) {
  const auto equal = [&](std::uint32_t seed) {
    const Network other(context_, seed);
    return bit_equal(other.state_dict().at("features.0.weight"),
                     network_.state_dict().at("features.0.weight"));
  };
  EXPECT_TRUE(equal(1));
  EXPECT_FALSE(equal(2));
  Generator generator(1);
  const Conv2d he(context_, 6, 50, {3, 3}, {}, generator, true, Initial::he);
  const Tensor weight = he.state_dict().at("weight");
  double squares = 0;
  for (const float value : weight.values()) squares += double{value} * double{value};
  EXPECT_NEAR(squares / static_cast<double>(weight.elements()), 2.0 / 54, 2e-3);
  EXPECT_EQ(values_of(he.state_dict().at("bias")), std::vector<float>(50));
  EXPECT_EQ(error_of([&] {
              Conv2d(context_, 3, 4, {1, 1}, {.groups = 2}, generator);
            }),
            "conv2d: 3 and 4 channels do not divide into 2 groups");
}

}  // namespace
}  // namespace edge::autograd::test
