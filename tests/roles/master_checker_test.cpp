#include <gtest/gtest.h>

#include <cstring>

#include "engine/array.h"
#include "roles/master/checker.h"

namespace edge {
namespace {

class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest() : model_(load_model({.name = "toy_dag", .rows = 32, .columns = 32})), checker_(model_, 1) {
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

  Model model_;
  Checker checker_;
  Array pixels_;
  Array output_;
};

TEST_F(CheckerTest, TheSameBitsAreRight) {
  EXPECT_TRUE(checker_.check(pixels_, output(), true));
  EXPECT_EQ(checker_.checked(), 1U);
  EXPECT_EQ(checker_.missed(), 0U);
  EXPECT_TRUE(checker_.exact());
}

TEST_F(CheckerTest, OtherBitsAreWrongFromTheSameInstructionSetOnly) {
  EXPECT_FALSE(checker_.check(pixels_, output(1.000001F), true));
  EXPECT_NE(checker_.explanation().find("expected the same bits"), std::string::npos);
  EXPECT_TRUE(checker_.check(pixels_, output(1.000001F), false));
  EXPECT_FALSE(checker_.exact()) << "not every frame was compared bit for bit";
  EXPECT_GT(checker_.worst(), 0);
  EXPECT_EQ(checker_.missed(), 1U);
}

TEST_F(CheckerTest, LargeDifferencesAreWrongFromAnyDevice) {
  EXPECT_FALSE(checker_.check(pixels_, output(1.01F), false));
  EXPECT_NE(checker_.explanation().find("at most 1e-04 allowed"), std::string::npos)
      << checker_.explanation();
}

TEST_F(CheckerTest, NoOutputIsWrong) {
  EXPECT_FALSE(checker_.check(pixels_, {}, true));
  EXPECT_EQ(checker_.explanation(), "the chain sent no output");
}

}  // namespace
}  // namespace edge
