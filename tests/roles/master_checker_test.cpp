#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "engine/array.h"
#include "engine/network_outputs.h"
#include "roles/master/checker.h"
#include "roles/worker/frame_work.h"
#include "tests/roles/detector_graph.h"

namespace edge {
namespace {

class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest()
      : model_(load_model({.name = "toy_dag", .rows = 32, .columns = 32})),
        checker_(model_, nullptr, ValueFormat::exact, 1) {
    FreshArray pixels = allocate_array(ElementType::u8, Shape{1, 3, 32, 32});
    for (std::size_t i = 0; i < pixels.array.bytes(); ++i) pixels.data[i] = static_cast<std::byte>(i * 7);
    pixels_ = pixels.array;
    Executor executor(model_.graph, *model_.weights, {.threads = 1});
    output_ = executor.run_range(1, model_.graph.size(), {{0, as_floats(pixels_)}}).at(model_.graph.output());
  }

  /// The right output with its largest value multiplied.
  Array output(float factor = 1) const {
    FreshArray copy = allocate_array(ElementType::f32, output_.shape());
    std::memcpy(copy.data, output_.data(), copy.array.bytes());
    auto* const values = reinterpret_cast<float*>(copy.data);
    float* largest = values;
    for (std::size_t i = 0; i < copy.array.elements(); ++i) {
      if (std::abs(values[i]) > std::abs(*largest)) largest = values + i;
    }
    *largest *= factor;
    return copy.array;
  }

  bool check(const Array& output, bool same_isa) {
    FrameUnderWay frame;
    frame.pixels = pixels_;
    frame.same_isa = same_isa;
    frame.result =
        chain::Result{.run = {}, .outputs = output.empty() ? std::vector<Array>() : std::vector{output}};
    return checker_.check(frame);
  }

  Model model_;
  Checker checker_;
  Array pixels_;
  Array output_;
};

TEST_F(CheckerTest, TheSameBitsAreRight) {
  EXPECT_TRUE(check(output(), true));
  EXPECT_EQ(checker_.checked(), 1U);
  EXPECT_EQ(checker_.missed(), 0U);
  EXPECT_TRUE(checker_.exact());
}

TEST_F(CheckerTest, OtherBitsAreWrongFromTheSameInstructionSetOnly) {
  EXPECT_FALSE(check(output(1.000001F), true));
  EXPECT_NE(checker_.explanation().find("expected the same bits"), std::string::npos);
  EXPECT_TRUE(check(output(1.000001F), false));
  EXPECT_FALSE(checker_.exact()) << "not every frame was compared bit for bit";
  EXPECT_GT(checker_.worst(), 0);
  EXPECT_EQ(checker_.missed(), 1U);
}

TEST_F(CheckerTest, LargeDifferencesAreWrongFromAnyDevice) {
  EXPECT_FALSE(check(output(1.01F), false));
  EXPECT_NE(checker_.explanation().find("at most 1e-04 allowed"), std::string::npos)
      << checker_.explanation();
}

TEST_F(CheckerTest, NoOutputIsWrong) {
  EXPECT_FALSE(check({}, true));
  EXPECT_EQ(checker_.explanation(), "the chain sent no output");
}

Array pixels_of(const Graph& graph, unsigned seed) {
  FreshArray pixels = allocate_array(ElementType::u8, graph.layer(0).output_shape);
  for (std::size_t i = 0; i < pixels.array.bytes(); ++i)
    pixels.data[i] = static_cast<std::byte>(i * i % (seed + 200));
  return pixels.array;
}

Model model_of(Graph graph) {
  return {.graph = std::move(graph),
          .weights = std::make_unique<SeededWeights>(1),
          .labels = {},
          .framing = {},
          .hash = {},
          .text = {}};
}

/// What a chain that does everything right makes of it.
FrameUnderWay right_frame(const Model& model, const detection::Detector* detector) {
  FrameUnderWay frame;
  frame.pixels = pixels_of(model.graph, 51);
  const Extent2d size{model.graph.layer(0).output_shape[2], model.graph.layer(0).output_shape[3]};
  frame.placement = place(Fit::letterbox, {size.rows * 3, size.columns * 2}, size);
  frame.result = chain::Result{.run = {}};
  Executor executor(model.graph, *model.weights, {.threads = 1});
  const TensorMap outputs = executor.run_range(1, model.graph.size(), {{0, as_floats(frame.pixels)}});
  for (const LayerIndex layer : model.graph.outputs()) frame.result->outputs.emplace_back(outputs.at(layer));
  if (detector != nullptr) {
    frame.result->has_objects = true;
    frame.result->objects =
        detection::find_objects(*detector->decoder, frame.result->outputs, detector->wanted, frame.placement);
  }
  return frame;
}

TEST(CheckerOfOutputs, AllAreCompared) {
  const Model model = model_of(test::three_output_graph());
  Checker checker(model, nullptr, ValueFormat::exact, 1);
  FrameUnderWay frame = right_frame(model, nullptr);
  EXPECT_TRUE(checker.check(frame));
  const std::vector<Array> right = frame.result->outputs;
  for (std::size_t i = 0; i < right.size(); ++i) {
    FreshArray wrong = allocate_array(ElementType::f32, right[i].shape());
    std::memset(wrong.data, 0, wrong.array.bytes());
    frame.result->outputs = right;
    frame.result->outputs[i] = wrong.array;
    EXPECT_FALSE(checker.check(frame));
    const std::string& name = model.graph.layer(model.graph.outputs()[i]).name;
    EXPECT_NE(checker.explanation().find("output " + name + " differs"), std::string::npos)
        << checker.explanation();
  }
  frame.result->outputs.pop_back();
  EXPECT_FALSE(checker.check(frame));
  EXPECT_EQ(checker.missed(), 4U);
}

TEST(CheckerOfObjects, TheMastersOwnMustBeTheSame) {
  const Model model = model_of(test::detector_graph());
  const auto detector = detection::make_detector({.threshold = 0.02F}, model.graph);
  ASSERT_TRUE(detector);
  Checker checker(model, &*detector, ValueFormat::exact, 1);
  FrameUnderWay frame = right_frame(model, &*detector);
  ASSERT_GT(frame.result->objects.size(), 1U);
  EXPECT_TRUE(checker.check(frame)) << checker.explanation();

  const std::vector<detection::Detection> right = frame.result->objects;
  frame.result->objects.pop_back();
  EXPECT_FALSE(checker.check(frame));
  EXPECT_NE(checker.explanation().find("objects differ"), std::string::npos) << checker.explanation();
  frame.result->objects = right;
  frame.result->objects.at(1).box.left += 0.25F;
  EXPECT_FALSE(checker.check(frame));
  EXPECT_NE(checker.explanation().find("number 1"), std::string::npos) << checker.explanation();
  frame.same_isa = false;
  EXPECT_TRUE(checker.check(frame)) << "another instruction set's may differ where the outputs nearly agree";
}

/// The chain rounds at its cuts, frame after frame; so does the checker, also under changing plans and in new
/// epochs.
class RoundingChecker : public ::testing::TestWithParam<ValueFormat> {
 protected:
  /// A frame as a chain of three workers computes it.
  FrameUnderWay frame(unsigned number, std::vector<LayerIndex> ends, std::uint32_t epoch) {
    FrameUnderWay frame;
    frame.frame = number;
    frame.plan = {std::move(ends)};
    frame.route = {0, 1, 2};
    frame.pixels = pixels_of(model_.graph, number);
    frame.result = chain::Result{.run = {.instance = 1, .epoch = epoch}};
    if (epoch != epoch_) rounders_ = std::vector<net::ValueRounder>(3);
    epoch_ = epoch;
    net::ArrayMap arrays{{0, frame.pixels}};
    for (int worker = 0; worker < 3; ++worker) {
      const LayerIndex first = frame.plan.begin(worker);
      const LayerIndex last = frame.plan.end(worker);
      arrays = run_layers(executor_, model_.graph, arrays, first, last);
      if (last == model_.graph.size()) break;
      arrays = rounders_[static_cast<std::size_t>(worker)].round(GetParam(), arrays, first);
    }
    frame.result->outputs = outputs_in_order(model_.graph, arrays);
    return frame;
  }

  Model model_ = load_model({.name = "toy_dag", .rows = 64, .columns = 64});
  Executor executor_{model_.graph, *model_.weights, {.threads = 1}};
  std::vector<net::ValueRounder> rounders_;
  std::uint32_t epoch_ = 0;
};

TEST_P(RoundingChecker, ExpectsTheBitsOfTheSameRounding) {
  Checker checker(model_, nullptr, GetParam(), 1);
  const LayerIndex end = model_.graph.size();
  const std::vector<std::vector<LayerIndex>> plans{{3, 9, end}, {5, 5, end}, {1, 8, end}, {6, end, end}};
  for (unsigned number = 0; number < 24; ++number) {
    const std::uint32_t epoch = number < 17 ? 1 : 2;
    EXPECT_TRUE(checker.check(frame(number, plans[number / 4 % plans.size()], epoch)))
        << number << ": " << checker.explanation();
  }
  EXPECT_TRUE(checker.exact());
  Checker without(model_, nullptr, ValueFormat::exact, 1);
  EXPECT_FALSE(without.check(frame(24, {3, 9, end}, 2))) << "nothing was rounded: the test shows nothing";
}

TEST_P(RoundingChecker, AnOlderEpochsFrameIsComparedWithinTheTolerance) {
  Checker checker(model_, nullptr, GetParam(), 1);
  const LayerIndex end = model_.graph.size();
  const FrameUnderWay early = frame(2, {3, end, end}, 1);
  EXPECT_TRUE(checker.check(frame(1, {3, 9, end}, 2)));
  EXPECT_TRUE(checker.check(early)) << checker.explanation();
  EXPECT_FALSE(checker.exact());
  EXPECT_TRUE(checker.check(frame(3, {3, 9, end}, 2))) << checker.explanation();
}

INSTANTIATE_TEST_SUITE_P(Formats, RoundingChecker, ::testing::Values(ValueFormat::float16, ValueFormat::int8),
                         [](const auto& test) { return std::string(value_format_name(test.param)); });

}  // namespace
}  // namespace edge
