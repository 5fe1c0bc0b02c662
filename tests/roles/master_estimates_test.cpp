// What the master makes of stage reports: robust estimates of links, devices and bytes.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "engine/models/models.h"
#include "roles/master/cost_estimator.h"
#include "roles/master/robust_estimate.h"
#include "roles/master/stage_clock.h"
#include "roles/master/transfer_forecast.h"

namespace edge {
namespace {

TEST(RobustEstimate, OutliersMoveNothing) {
  RobustEstimate estimate;
  EXPECT_FALSE(estimate.value());
  for (const double value : {3.0, 3.1, 2.9, 3.0, 3.05}) estimate.add(value);
  estimate.add(50);
  EXPECT_NEAR(*estimate.value(), 3.0, 0.11);
  estimate.add(0.01);
  estimate.add(60);
  EXPECT_NEAR(*estimate.value(), 3.0, 0.11);
}

TEST(RobustEstimate, BelievesAChangeAfterThreeSamples) {
  RobustEstimate estimate;
  for (int i = 0; i < 9; ++i) estimate.add(3);
  estimate.add(0.5);
  estimate.add(0.52);
  EXPECT_NEAR(*estimate.value(), 3, 1e-9);
  estimate.add(0.48);
  EXPECT_NEAR(*estimate.value(), 0.5, 1e-9);
}

TEST(RobustEstimate, FollowsASlowDrift) {
  RobustEstimate estimate;
  double value = 1;
  for (int i = 0; i < 100; ++i) estimate.add(value *= 1.02);
  EXPECT_NEAR(*estimate.value() / value, 1, 0.11);
}

CostEstimator estimator_of_two(std::optional<double> link = std::nullopt) {
  return {{{0, 0.1, 0.2, 0.3}, {0, 0.2, 0.4, 0.6}}, {3e6, link}};
}

TEST(CostEstimator, ConfiguredThenMeasuredBandwidth) {
  CostEstimator estimator = estimator_of_two(1e6);
  EXPECT_EQ(estimator.bandwidth(), (std::vector<double>{3e6, 1e6}));
  estimator.add_transfer(1, {.bytes = 500000, .seconds = 1});
  EXPECT_EQ(estimator.bandwidth(), (std::vector<double>{3e6, 5e5}));
}

TEST(CostEstimator, ShortMessagesOnlyAsLongAsNothingElseIsKnown) {
  CostEstimator estimator = estimator_of_two();
  estimator.add_transfer(1, {.bytes = 100, .seconds = 0.01});
  EXPECT_EQ(estimator.bandwidth()[1], 1e4);
  estimator.add_transfer(1, {.bytes = 1000000, .seconds = 1});
  estimator.add_transfer(1, {.bytes = 100, .seconds = 0.01});
  EXPECT_EQ(estimator.bandwidth()[1], 1e6);
}

/// A router takes the first bytes at once, and a message takes its time however short it is.
TEST(CostEstimator, TransfersThatAreOverInAMomentTellNothingOfBandwidth) {
  CostEstimator estimator = estimator_of_two(3e6);
  for (int i = 0; i < 5; ++i) estimator.add_transfer(1, {.bytes = 60000, .seconds = 0.001});
  EXPECT_EQ(estimator.bandwidth()[1], 3e6);
  EXPECT_NEAR(estimator.link_offset()[1].at(60000), -0.019, 1e-9);
  EXPECT_NEAR(estimator.link_offset()[0].at(60000), -0.019, 1e-9) << "links are alike as far as is known";
  EXPECT_EQ(estimator.link_offset()[1].at(2e6), 0);
  for (int i = 0; i < 5; ++i) estimator.add_transfer(1, {.bytes = 60000, .seconds = 0.06});
  EXPECT_EQ(estimator.bandwidth()[1], 1e6) << "it has become slow";
}

TEST(CostEstimator, SlowWorker) {
  CostEstimator estimator = estimator_of_two();
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 3, 1.2, 0.9);  // profiled: 0.3
  EXPECT_NEAR(estimator.layer_cost()[0][2], 0.8, 1e-9);
  EXPECT_EQ(estimator.slowdown(1), 1);
  EXPECT_GT(estimator.layer_cost()[0][3], 0.8) << "so are the others, probably";
  EXPECT_LT(estimator.layer_cost()[0][3], 1.2) << "it was seen three times only";
  ASSERT_EQ(estimator.known_ranges()[0].size(), 1U);
  EXPECT_NEAR(estimator.known_ranges()[0][0].factor, 1, 1e-9);
}

TEST(CostEstimator, AnIdleDeviceIsNotBelievedToBeFasterThanItsProfile) {
  CostEstimator estimator = estimator_of_two();
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 3, 0.15, 0.3);
  EXPECT_EQ(estimator.slowdown(0), 1);
  EXPECT_NEAR(estimator.known_ranges()[0][0].factor, 0.5, 1e-9) << "but these layers take it so long";
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 3, 0.15, 1.0);
  EXPECT_NEAR(estimator.slowdown(0), 0.5, 0.05);
}

/// Coming back to a plan must not be judged by what other layers took beside other work.
TEST(CostEstimator, RemembersWhatARangeTook) {
  CostEstimator estimator = estimator_of_two();
  const auto whole_network_s = [&] {
    const std::vector<double> costs = estimator.layer_cost()[0];
    return (costs[1] + costs[2] + costs[3]) * estimator.known_ranges()[0].front().factor;
  };
  for (int i = 0; i < 5; ++i) estimator.add_computation(0, 1, 4, 0.66, 1.0);
  EXPECT_NEAR(whole_network_s(), 0.66, 1e-9);
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 2, 0.15, 0.5);
  EXPECT_NEAR(whole_network_s(), 0.66, 1e-9);
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 2, 0.30, 0.5);
  EXPECT_GT(whole_network_s(), 0.95) << "the device has become slow";
  EXPECT_LT(whole_network_s(), 1.32) << "or has it? These layers are a small part of it";
}

CostEstimator estimator_of_small_and_large_layers() {
  return {{{0, 0.02, 0.5, 0.5}, {0, 0.02, 0.5, 0.5}}, {3e6, 3e6}};
}

TEST(CostEstimator, ABusyMomentOfASmallRangeTellsLittleOfTheOthers) {
  CostEstimator estimator = estimator_of_small_and_large_layers();
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 2, 0.06, 1.0);
  EXPECT_NEAR(estimator.layer_cost()[0][1], 0.06, 1e-9);
  EXPECT_LT(estimator.slowdown(0), 1.5);
  for (int i = 0; i < 9; ++i) estimator.add_computation(1, 1, 3, 1.56, 1.0);
  EXPECT_GT(estimator.slowdown(1), 2.5) << "half of it was seen";
}

TEST(CostEstimator, ASmallRangeThatBecomesSlowTellsLittleOfTheOthers) {
  CostEstimator estimator = estimator_of_small_and_large_layers();
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 4, 1.02, 1.0);
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 2, 0.02, 1.0);
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 2, 0.08, 1.0);
  EXPECT_LT(estimator.layer_cost()[0][3], 0.75);
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 4, 4.08, 1.0);
  EXPECT_NEAR(estimator.slowdown(0), 4, 0.2);
}

TEST(CostEstimator, WhatIsNotSeenAgainFades) {
  CostEstimator estimator = estimator_of_small_and_large_layers();
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 3, 0.52, 1.0);
  for (int i = 0; i < 9; ++i) estimator.add_computation(0, 1, 3, 1.56, 1.0);
  EXPECT_NEAR(estimator.layer_cost()[0][2], 1.5, 0.1);
  for (int frame = 0; frame < 3000; ++frame) estimator.next_frame();
  EXPECT_NEAR(estimator.slowdown(0), 1, 0.05);
  EXPECT_NEAR(estimator.known_ranges()[0].front().factor, 1, 0.05);
}

TEST(CostEstimator, PartsOfLayers) {
  CostEstimator estimator = estimator_of_two();
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 4, 0.6, 1.0);
  const double before = estimator.part_cost(0).of(0.2);
  EXPECT_GT(before, 0.2);
  EXPECT_LT(before, 0.4);
  const std::vector<double> shares(4, 0.2);
  for (int i = 0; i < 5; ++i) estimator.add_computation(0, 1, 4, 1.5 * 0.6 * before, 0.5, shares);
  EXPECT_NEAR(estimator.slowdown(0), 1, 1e-9) << "a frame that computes little does not tell";
  EXPECT_NEAR(estimator.part_cost(0).of(0.2), 1.5 * before, 1e-9);
  EXPECT_NEAR(estimator.part_cost(1).of(0.2), 1.5 * before, 1e-9) << "as far as is known";
  for (int i = 0; i < 5; ++i) estimator.add_computation(1, 1, 4, 1.2 * before, 0.5, shares);
  EXPECT_NEAR(estimator.part_cost(1).of(0.2), before, 1e-9);
}

/// As for whole layers: what an idle device shows is believed of the layers that it ran only.
TEST(CostEstimator, PartsOnAnIdleDevice) {
  CostEstimator estimator = estimator_of_two();
  const double usual = estimator.part_cost(0).of(0.2);
  const std::vector<double> shares(4, 0.2);
  for (int i = 0; i < 5; ++i) estimator.add_computation(0, 3, 4, 0.6 * 0.3 * usual, 0.3, shares);
  EXPECT_NEAR(estimator.part_cost(0).of(0.2), usual, 1e-9);
  EXPECT_NEAR(estimator.known_ranges()[0].front().part_factor, 0.6, 1e-9);
}

TEST(CostEstimator, AProfileOfNextToNothingIsNotBelievedForEver) {
  CostEstimator estimator({{0, 1e-9, 1e-9, 1e-9}, {0, 0.1, 0.1, 0.1}}, {3e6, 3e6});
  for (int i = 0; i < 2; ++i) estimator.add_computation(0, 1, 3, 0.3, 1.0);
  estimator.add_computation(0, 1, 3, 1e-5, 1.0);
  EXPECT_LT(estimator.layer_cost()[0][1], 1e-6) << "not three times in a row";
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 3, 0.3, 1.0);
  EXPECT_NEAR(estimator.layer_cost()[0][1], 0.15, 1e-6);
  EXPECT_NEAR(estimator.layer_cost()[0][2], 0.15, 1e-6);
  EXPECT_NEAR(estimator.profiles()[0][1], 0.15, 1e-6);
  EXPECT_LT(estimator.layer_cost()[0][3], 1e-6) << "of that nothing is known";
  for (int i = 0; i < 3; ++i) estimator.add_computation(0, 1, 3, 0.6, 1.0);
  EXPECT_NEAR(estimator.slowdown(0), 2, 1e-6) << "measured as any other from then on";
  // In the next epoch it says the same again.
  estimator.set_route({0, 1}, {{0, 1e-9, 1e-9, 1e-9}, {0, 0.1, 0.1, 0.1}}, {3e6, 3e6});
  EXPECT_NEAR(estimator.profiles()[0][1], 0.15, 1e-6);
  estimator.set_route({0, 1}, {{0, 0.1, 0.1, 0.1}, {0, 0.1, 0.1, 0.1}}, {3e6, 3e6});
  EXPECT_EQ(estimator.profiles()[0][1], 0.1) << "another device";
}

/// Whatever a worker says: when it is measured honestly again, plans are as they were.
TEST(CostEstimator, AbsurdReportsLeaveNothingBehind) {
  for (const double absurd : {1e-300, 1e-12, 1e6}) {
    CostEstimator estimator = estimator_of_two(3e6);
    for (int i = 0; i < 5; ++i) {
      estimator.add_computation(0, 1, 4, absurd, 1.0);
      estimator.add_transfer(1, {.bytes = 1'000'000, .seconds = absurd});
      estimator.add_codec(1, absurd, 1000);
    }
    for (const std::vector<double>& costs : estimator.layer_cost()) {
      for (const double cost : costs) EXPECT_TRUE(std::isfinite(cost)) << absurd;
    }
    EXPECT_GE(estimator.layer_cost()[0][1], 0.1 / 1e5) << "no device is a thousand times faster than it said";
    EXPECT_LE(estimator.bandwidth()[1], 1e12);
    EXPECT_GE(estimator.bandwidth()[1], 1);
    for (int i = 0; i < 9; ++i) {
      estimator.add_computation(0, 1, 4, 0.6, 1.0);
      estimator.add_transfer(1, {.bytes = 1'000'000, .seconds = 0.5});
      estimator.add_codec(1, 1e-3, 1000);
    }
    EXPECT_NEAR(estimator.slowdown(0), 1, 1e-6) << absurd;
    EXPECT_NEAR(estimator.layer_cost()[0][1], 0.1, 1e-6) << absurd;
    EXPECT_NEAR(estimator.bandwidth()[1], 2e6, 1) << absurd;
    EXPECT_NEAR(estimator.codec_s_per_byte(1), 1e-6, 1e-12) << absurd;
  }
}

TEST(CostEstimator, AnAbsurdPartLeavesNothingBehind) {
  CostEstimator estimator = estimator_of_two();
  const std::vector<double> shares(4, 0.2);
  for (const double absurd : {1e-300, 1e6}) {
    for (int i = 0; i < 5; ++i) estimator.add_computation(0, 1, 4, absurd, 0.5, shares);
    EXPECT_TRUE(std::isfinite(estimator.part_cost(0).of(0.2)));
    EXPECT_GT(estimator.part_cost(0).of(0.2), 0);
  }
}

class FixedPredictor final : public prediction::TransferPredictor {
 public:
  explicit FixedPredictor(std::size_t layers)
      : bytes_{std::vector<double>(layers, 10000), std::vector<double>(layers, 100000)} {}
  prediction::TransferBytes predict(std::span<const double>) const override { return bytes_; }
  const prediction::TransferBytes& mean() const override { return bytes_; }

 private:
  prediction::TransferBytes bytes_;
};

TEST(TransferForecast, CorrectedByWhatWasSent) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  TransferForecast forecast(graph, false);
  forecast.set_predictor(std::make_shared<FixedPredictor>(static_cast<std::size_t>(graph.size())));
  const std::vector<LayerIndex> tensors{2};
  for (int i = 0; i < 3; ++i) forecast.observe(tensors, true, {}, 20000);
  EXPECT_NEAR(forecast.predict({}).delta[2], 20000, 1);
  EXPECT_NEAR(forecast.predict({}).delta[3], 20000, 1);  // the others are expected to be off alike
  EXPECT_NEAR(forecast.predict({}).delta[0], 10000, 1);  // but not the input, which is coded differently
  EXPECT_NEAR(forecast.predict({}).raw[2], 100000, 1);
}

TEST(TransferForecast, AbsurdBytesLeaveNothingBehind) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  TransferForecast forecast(graph, false);
  forecast.set_predictor(std::make_shared<FixedPredictor>(static_cast<std::size_t>(graph.size())));
  const std::vector<LayerIndex> tensors{2};
  for (int i = 0; i < 9; ++i) forecast.observe(tensors, false, {}, 1e15);
  EXPECT_LE(forecast.predict({}).raw[2], 1e8 + 1);
  for (int i = 0; i < 3; ++i) forecast.observe(tensors, false, {}, 100000);
  EXPECT_NEAR(forecast.predict({}).raw[2], 100000, 1);
}

TEST(TransferForecast, ADifferenceIsNeverLargerThanTheWhole) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  TransferForecast forecast(graph, false);
  forecast.set_predictor(std::make_shared<FixedPredictor>(static_cast<std::size_t>(graph.size())));
  const std::vector<LayerIndex> tensors{2};
  for (int i = 0; i < 3; ++i) forecast.observe(tensors, true, {}, 1e9);
  EXPECT_NEAR(forecast.predict({}).delta[2], 100000, 1);
}

TEST(TransferForecast, ModeFullIsExact) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  const TransferForecast forecast(graph, true);
  const prediction::TransferBytes bytes = forecast.predict({});
  EXPECT_EQ(bytes.delta, bytes.raw);
  EXPECT_EQ(bytes.raw[0], 3 * 32 * 32);
  EXPECT_EQ(bytes.raw[1], static_cast<double>(graph.output_bytes(1)));
}

TEST(TransferForecast, RoundedValuesTakeLess) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 32});
  const prediction::TransferBytes exact = TransferForecast(graph, false).predict({});
  const prediction::TransferBytes float16 = TransferForecast(graph, false, ValueFormat::float16).predict({});
  const prediction::TransferBytes int8 = TransferForecast(graph, false, ValueFormat::int8).predict({});
  EXPECT_EQ(int8.delta[0], exact.delta[0]) << "the input is not rounded";
  EXPECT_LT(float16.delta[1], exact.delta[1] / 2);
  EXPECT_LT(int8.delta[1], float16.delta[1] / 2);
  EXPECT_LT(int8.raw[1], float16.raw[1]);
  const prediction::TransferBytes whole = TransferForecast(graph, true, ValueFormat::int8).predict({});
  EXPECT_EQ(whole.raw[1], static_cast<double>(graph.output_bytes(1)) / 4);
  EXPECT_EQ(whole.raw[0], 3 * 32 * 32);
}

TEST(StageClock, ExtrapolatesFramesUnderWay) {
  StageClock clock(1);
  clock.sent(0, 10, {1, 2});
  clock.sent(1, 10, {1, 2});
  // Frame 0: transfer 10 to 11, computation 11 to 13. Frame 1: transfer 11 to 12, computation 13 to 15.
  StageClock::Expected expected = clock.expected(10);
  EXPECT_EQ(expected.stage_ready, (std::vector<double>{2, 5}));
  EXPECT_EQ(expected.finished, (std::vector<double>{3, 5}));
  // Frame 0 came half a second late, says its report.
  const std::vector<chain::StageReport> reports{
      {.worker = 0, .compute_s = 2.5, .received_at = 11, .compute_at = 11}};
  clock.finished(0, 13.5, reports);
  expected = clock.expected(13.5);
  EXPECT_EQ(expected.stage_ready, (std::vector<double>{0, 2}));
  EXPECT_EQ(expected.finished, (std::vector<double>{2}));
  clock.forget_frames();
  EXPECT_TRUE(clock.expected(13.5).finished.empty());
}

TEST(StageClock, NothingIsReadyInThePast) {
  StageClock clock(2);
  clock.sent(7, 1, {0.1, 0.1, 0.1, 0.1});
  const StageClock::Expected expected = clock.expected(100);
  EXPECT_EQ(expected.stage_ready, (std::vector<double>{0, 0, 0, 0}));
  EXPECT_EQ(expected.finished, (std::vector<double>{0}));
}

}  // namespace
}  // namespace edge
