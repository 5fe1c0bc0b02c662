// The table of operators: every entry is complete, and a new operator is known nowhere else.
#include "engine/operations.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "engine/array_operations.h"
#include "engine/error.h"
#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "tests/engine/support.h"

namespace edge {

/// An operator of its own, as one in engine/layers/ would be: out = in * factor.
struct TimesLayer {
  float factor = 1;
  static const OperationType type;
};

namespace {

class TimesKernel final : public LayerKernel {
 public:
  explicit TimesKernel(const KernelContext& context)
      : factor_(context.layer.operation.get<TimesLayer>().factor),
        elements_(context.input_shapes[0].elements()) {}
  void run(const KernelArguments& arguments, kernels::ThreadPool& /*pool*/) const override {
    for (std::int64_t i = 0; i < elements_; ++i) arguments.output[i] = factor_ * arguments.inputs[0][i];
    kernels::activate(kernels::Isa::scalar, arguments.activation, arguments.output, arguments.output,
                      static_cast<std::size_t>(elements_));
  }

 private:
  float factor_;
  std::int64_t elements_;
};

}  // namespace

const OperationType TimesLayer::type{
    .name = "times",
    .change = ChangeRule::per_channel,
    .fuses_activation = true,
    .placement = OutputPlace::in_place,
    .settings =
        [](const Operation& operation) {
          return "factor=" + hexadecimal(double{operation.get<TimesLayer>().factor});
        },
    .text = [](const Operation& /*operation*/) { return std::string("times"); },
    .infer = same_shape,
    .make_kernel = make_kernel_of<TimesKernel>};

namespace {

template <class Settings>
void check_entry(std::set<std::string>& names) {
  const OperationType& type = Settings::type;
  const Operation operation{Settings{}};
  SCOPED_TRACE(type.name);
  EXPECT_TRUE(names.insert(type.name).second) << "two operators have one name";
  for (const char letter : std::string(type.name)) {
    EXPECT_TRUE(std::islower(letter) != 0 || std::isdigit(letter) != 0 || letter == '_');
  }
  EXPECT_EQ(&operation.type(), &type);
  EXPECT_NE(operation.as<Settings>(), nullptr);
  EXPECT_EQ(operation.as<TimesLayer>(), nullptr);

  const bool input = std::is_same_v<Settings, InputLayer>;
  EXPECT_EQ(type.change == ChangeRule::input, input);
  EXPECT_EQ(type.infer == nullptr, input);
  EXPECT_EQ(type.make_kernel == nullptr && type.view == nullptr, input) << "nothing makes its output";
  EXPECT_TRUE(type.make_kernel != nullptr || !type.fuses_activation);
  // What has settings must say them: devices compare graphs by these texts.
  EXPECT_EQ(type.settings == nullptr, std::is_empty_v<Settings>);
  if (type.settings != nullptr) {
    EXPECT_FALSE(type.settings(operation).empty());

    EXPECT_NE(type.text, nullptr) << "the drawing should say more than its name";
  }

  const std::string text = operation_text(operation);
  EXPECT_FALSE(text.empty());
  EXPECT_LE(text.size(), 40U) << "does not fit into a box";
}

template <class... Settings>
void check_entries(OperationList<Settings...> /*all*/, std::set<std::string>& names) {
  (check_entry<Settings>(names), ...);
}

TEST(Operations, every_entry_is_complete) {
  std::set<std::string> names;
  check_entries(AllOperations{}, names);
  check_entries(ArrayOperations{}, names);
}

TEST(Operations, settings_are_shared_and_typed) {
  const Operation conv = Conv2dLayer{.out_channels = 7};
  const Operation copy = conv;
  EXPECT_EQ(copy.as<Conv2dLayer>(), conv.as<Conv2dLayer>());
  EXPECT_EQ(copy.get<Conv2dLayer>().out_channels, 7);
  EXPECT_TRUE(copy.is<Conv2dLayer>());
  EXPECT_FALSE(copy.is<LinearLayer>());
  EXPECT_TRUE(Operation().is<InputLayer>());
}

TEST(Operations, a_new_operator_needs_nothing_but_its_entry) {
  Graph graph("test", {1, 2, 2, 2});
  graph.add("conv", Conv2dLayer{.out_channels = 2});
  graph.add("times", TimesLayer{-2});
  graph.add("relu", ReluLayer{});
  EXPECT_EQ(graph.layer(2).output_shape, Shape({1, 2, 2, 2}));
  EXPECT_NE(graph.description().find("2 times times factor=-0x1p+1 (1) -> 1x2x2x2"), std::string::npos)
      << graph.description();
  const SeededWeights weights(1);
  Executor executor(graph, weights, test::executor_options());
  const Tensor frame = test::random_tensor({1, 2, 2, 2}, 1);
  const TensorMap apart = executor.run({1, 2, 3}, {{0, frame}}, {1, 2, 3});
  const Array fused = executor.run_range(1, 4, {{0, frame}}).at(3);
  EXPECT_TRUE(bit_equal(fused, apart.at(3)));
  for (std::size_t i = 0; i < fused.elements(); ++i) {
    EXPECT_EQ(apart.at(2).values()[i], -2 * apart.at(1).values()[i]);
  }
}

}  // namespace
}  // namespace edge
