// Fits find the functions that the samples were made from.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/trainer/fit.h"
#include "roles/trainer/hidden_unit.h"
#include "roles/trainer/layer_fit.h"
#include "roles/trainer/least_squares.h"

namespace edge {

/// Operators of any number of inputs whose output has the first one's shape, or one channel more.
struct SumOfAllLayer {
  static const OperationType type;
};
struct OddConcatLayer {
  static const OperationType type;
};

namespace {

Inference like_the_first(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = inputs[0], .parameters = {}};
}
Inference one_channel_more(const Operation& /*operation*/, std::span<const Shape> inputs) {
  return {.output_shape = {1, inputs[0][1] + 1, inputs[0][2], inputs[0][3]}, .parameters = {}};
}

}  // namespace

const OperationType SumOfAllLayer::type{
    .name = "sum_of_all", .change = ChangeRule::sum, .infer = like_the_first};
const OperationType OddConcatLayer::type{
    .name = "odd_concat", .change = ChangeRule::concat, .infer = one_channel_more};

}  // namespace edge

namespace edge::trainer {
namespace {

using prediction::LayerPredictor;
using prediction::Rule;

TEST(LeastSquares, FindsTheLineAndKeepsToThePriors) {
  const std::vector<double> a{1, 0, 1, 1, 1, 2, 1, 5};
  const std::vector<double> y{3, 5, 7, 13};
  const std::vector<double> line = least_squares(a, y, std::vector<Prior>{{0, 1e-9}, {0, 1e-9}});
  EXPECT_NEAR(line[0], 3, 1e-6);
  EXPECT_NEAR(line[1], 2, 1e-6);
  const std::vector<double> held = least_squares(a, y, std::vector<Prior>{{0, 1e9}, {0, 1e-9}});
  EXPECT_NEAR(held[0], 0, 1e-6);
  EXPECT_NEAR(held[1], (5 + 2 * 7 + 5 * 13) / 30.0, 1e-6);
  const std::vector<double> unseen = least_squares({}, {}, std::vector<Prior>{{4, 1}, {-2, 1e-3}});
  EXPECT_NEAR(unseen[0], 4, 1e-12);
  EXPECT_NEAR(unseen[1], -2, 1e-12);
  const std::vector<double> same{1, 1, 1, 1};  // two unknowns that nothing tells apart
  const std::vector<double> halves = least_squares(same, std::vector<double>{2, 2}, std::vector<Prior>(2));
  EXPECT_NEAR(halves[0], 1, 1e-3);
  EXPECT_NEAR(halves[1], 1, 1e-3);
}

TEST(HiddenUnit, FindsTheFunction) {
  const HiddenUnit truth{.weights = {1.5, -0.5}, .bias = 0.3, .shift = 0.1, .scale = 0.8};
  std::mt19937 random(5);
  std::vector<double> x;
  std::vector<double> targets;
  for (int row = 0; row < 40; ++row) {
    for (int i = 0; i < 2; ++i) x.push_back(static_cast<double>(random() % 4001) / 1000 - 2);
    targets.push_back(truth.shift + truth.scale * truth.hidden({&x[x.size() - 2], 2}));
  }
  const HiddenUnit start{.weights = {0.5, 0.5}, .bias = 0, .shift = 0, .scale = 1};
  const HiddenUnit found = train_hidden_unit(start, x, targets, {.pull = 1e-7});
  for (std::size_t row = 0; row < targets.size(); ++row) {
    EXPECT_NEAR(found.shift + found.scale * found.hidden({&x[2 * row], 2}), targets[row], 5e-3);
  }
}

/// Samples of `rule` with random input rates.
Samples samples_of(const LayerPredictor& rule, std::size_t inputs, std::size_t outputs, int rows) {
  std::mt19937 random(3);
  Samples samples{
      .inputs = inputs, .outputs = outputs, .x = {}, .y = {}, .slopes = std::vector<float>(outputs, 1)};
  for (int row = 0; row < rows; ++row) {
    const float level = static_cast<float>(row) / static_cast<float>(rows);
    std::vector<float> output(outputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      samples.x.push_back(level * (0.9F + 0.1F * static_cast<float>(random() % 1000) / 1000));
    }
    prediction::apply_rule(rule, {&samples.x[samples.x.size() - inputs], inputs}, output);
    samples.y.insert(samples.y.end(), output.begin(), output.end());
  }
  return samples;
}

TEST(LayerFit, EachFitFindsItsOwnRule) {
  const std::vector<std::pair<Fit, LayerPredictor>> cases{
      {fit_saturating, {Rule::saturating, {3, 1.2F, 0.5F, 0.9F, 0}, {}}},
      {fit_perceptron, {Rule::perceptron, {-2, 3, 2, 0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}, {}}},
      {fit_linear_of_mean, {Rule::linear_of_mean, {0.1F, 0.2F, 0, 0.5F, 0.25F, 1}, {}}},
      {fit_slope, {Rule::linear, {0, 0, 0, 0.5F, 0.75F, 1}, {}}},
      {fit_linear, {Rule::linear, {0.1F, 0.2F, 0, 0.5F, 0.25F, 1}, {}}},
      {fit_sum_of_slopes, {Rule::sum, {0, 0, 0, 0.5F, 0.2F, 0, 0.25F, 0.3F, 1}, {}}},
      {fit_sum, {Rule::sum, {0.1F, 0, 0, 0.5F, 0.2F, 0, 0.25F, 0.3F, 1}, {}}},
      {fit_sum, {Rule::sum, {0.1F, 0, 0, 0.3F, 0.2F, 0, 0.25F, 0.3F, 0.5F, 0.1F, 0.2F, 0.4F}, {}}},
  };
  for (const auto& [fit, rule] : cases) {
    const std::size_t inputs = rule.rule == Rule::perceptron ? 2
                               : rule.rule == Rule::sum      ? rule.coefficients.size() - 3
                                                             : 3;
    const Samples samples = samples_of(rule, inputs, 3, 30);
    const LayerPredictor fitted = fit(samples);
    EXPECT_EQ(fitted.rule, rule.rule);
    ASSERT_EQ(fitted.coefficients.size(), rule.coefficients.size());
    EXPECT_LT(mean_error(fitted, samples), 0.004) << "rule " << static_cast<int>(rule.rule);
  }
}

TEST(LayerFit, ASceneCutDoesNotBendTheCurve) {
  Samples samples = samples_of({Rule::saturating, {3, 1.2F, 0.9F}, {}}, 1, 1, 30);
  const Samples clean = samples;
  samples.y[10] = 0.05F;
  EXPECT_LT(mean_error(fit_saturating(samples), clean), 0.03);
}

TEST(LayerFit, WithoutChangesTheNonzeroPartsDecide) {
  Samples still{.inputs = 2,
                .outputs = 2,
                .x = std::vector<float>(20),
                .y = std::vector<float>(20),
                .slopes = {0.5F, 1}};
  const LayerPredictor fitted = fit_slope(still);
  EXPECT_NEAR(fitted.coefficients[2], 0.5, 1e-3);
  EXPECT_NEAR(fitted.coefficients[3], 1, 1e-3);
  for (const Fit fit : {fit_saturating, fit_perceptron, fit_linear_of_mean, fit_linear}) {
    const LayerPredictor predictor = fit(still);
    for (const float value : predictor.coefficients) EXPECT_TRUE(std::isfinite(value));
    EXPECT_LT(mean_error(predictor, still), 1e-3) << "nothing changed, nothing changes";
  }
}

TEST(FitBytes, FindsTheLine) {
  std::vector<EncodedSample> delta;
  for (int i = 1; i <= 10; ++i) {
    delta.push_back({.transition = i, .elements = 1000, .changed = 100.0 * i, .bytes = 300 + 2.0 * 100 * i});
  }
  const std::vector<EncodedSample> raw{{.transition = 0, .elements = 500, .changed = 0, .bytes = 1500}};
  const prediction::ByteModel model = fit_bytes(delta, raw, 10'000, 4, {0.1, 0.3});
  EXPECT_NEAR(model.base, 3000, 30);
  EXPECT_NEAR(model.per_changed, 2, 0.01);
  EXPECT_EQ(model.per_changed_at_most, 5);
  EXPECT_EQ(model.raw, 30'000);
  EXPECT_NEAR(model.mean, 3000 + 2 * 2000, 50);
  EXPECT_EQ(model.bytes(0), 0);
  // Neither part can be negative.
  for (EncodedSample& sample : delta) sample.bytes = std::max(0.0, 3 * sample.changed - 200);
  const prediction::ByteModel through_zero = fit_bytes(delta, raw, 1000, 4, {});
  EXPECT_LT(through_zero.base, 1);
  EXPECT_GT(through_zero.per_changed, 2);
  for (EncodedSample& sample : delta) sample.bytes = 2000 - sample.changed;
  const prediction::ByteModel constant = fit_bytes(delta, raw, 1000, 4, {});
  EXPECT_LT(constant.per_changed, 0.01);
  EXPECT_NEAR(constant.base, 1450, 10);
  const prediction::ByteModel nothing = fit_bytes({}, {}, 1000, 4, {});
  EXPECT_NEAR(nothing.per_changed, 2.5, 1e-6);
  EXPECT_EQ(nothing.raw, 4000);
}

/// Small, since every fit is tried many times; it has a concatenation and an addition.
Graph branches() {
  Graph graph("branches", {1, 3, 16, 16});
  graph.add("stem", Conv2dLayer{.out_channels = 6});
  const LayerIndex stem = graph.add("relu", ReluLayer{});
  const LayerIndex left = graph.add("left", Conv2dLayer{.out_channels = 4}, {stem});
  const LayerIndex right = graph.add("right", Conv2dLayer{.out_channels = 2}, {stem});
  const LayerIndex concat = graph.add("concat", ConcatLayer{}, {left, right});
  graph.add("add", AddLayer{}, {concat, stem});
  graph.add("flatten", FlattenLayer{});
  graph.add("fc", LinearLayer{.out_features = 3});
  return graph;
}

/// Statistics as they would be if the network followed `truth`.
Statistics made_up_statistics(const Graph& graph, int transitions, int training) {
  std::mt19937 random(11);
  Statistics statistics{.transitions = transitions,
                        .training = training,
                        .frames = static_cast<std::uint32_t>(training + 1),
                        .frames_hash = "f",
                        .layers = {}};
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    const Shape& shape = graph.layer(layer).output_shape;
    LayerStatistics values;
    values.channels = prediction::rate_channels(shape);
    values.elements = static_cast<double>(shape.elements());
    for (int t = 0; t < transitions; ++t) {
      // Deeper layers change more, channels differ a little.
      const double level = 0.05 + 0.9 * (t % 11) / 11.0;
      const double rate = std::pow(level, 1.0 / (1 + 0.3 * layer));
      for (std::size_t c = 0; c < values.channels; ++c) {
        values.rates.push_back(
            static_cast<float>(rate * (0.98 + 0.02 * static_cast<double>(random() % 100) / 100)));
      }
      const double changed = rate * values.elements;
      values.delta.push_back(
          {.transition = t, .elements = values.elements, .changed = changed, .bytes = 100 + 2.5 * changed});
    }
    values.nonzero.assign(values.channels, 0.7F);
    statistics.layers.push_back(std::move(values));
  }
  return statistics;
}

TEST(FitLayers, PredictsHeldOutFramesOfAGraphWithBranches) {
  const Graph graph = branches();
  const Statistics statistics = made_up_statistics(graph, 22, 13);
  const std::vector<LayerPredictor> layers = fit_layers(graph, statistics, 2);
  prediction::Predictors predictors{
      .model_hash = "h", .software_version = "1", .frames_hash = "f", .frames = 14, .layers = layers};
  static_cast<void>(prediction::parse_predictors(prediction::pack_predictors(predictors), graph, "h"));
  const prediction::TrainedPredictor predictor(graph, predictors);
  for (int t = 13; t < 22; ++t) {
    std::vector<double> input;
    for (std::size_t c = 0; c < 3; ++c) {
      input.push_back(double{statistics.layers[0].rates[static_cast<std::size_t>(t) * 3 + c]});
    }
    const std::vector<double> rates = predictor.mean_rates(input);
    for (std::size_t l = 1; l < rates.size(); ++l) {
      const Operation& operation = graph.layer(static_cast<LayerIndex>(l)).operation;
      // These have no freedom to follow a made-up rate.
      if (operation.is<FlattenLayer>() || operation.is<ConcatLayer>()) continue;
      const LayerStatistics& layer = statistics.layers[l];
      double truth = 0;
      for (std::size_t c = 0; c < layer.channels; ++c) {
        truth += double{layer.rates[static_cast<std::size_t>(t) * layer.channels + c]};
      }
      truth /= static_cast<double>(layer.channels);
      EXPECT_NEAR(rates[l], truth, 0.09)
          << "layer " << l << " " << graph.layer(static_cast<LayerIndex>(l)).name;
    }
  }
}

TEST(FitLayers, AnyNumberOfInputsHasARule) {
  Graph graph("many", {1, 3, 8, 8});
  const LayerIndex a = graph.add("a", Conv2dLayer{.out_channels = 3}, {0});
  const LayerIndex b = graph.add("b", ReluLayer{}, {0});
  const LayerIndex sum = graph.add("sum", SumOfAllLayer{}, {a, b, 0});
  const LayerIndex odd = graph.add("odd", OddConcatLayer{}, {sum, a, b});
  const LayerIndex other = graph.add("other", SumOfAllLayer{}, {odd, a});  // 4 channels of 4 and 3
  const LayerIndex five = graph.add("five", SumOfAllLayer{}, {a, b, sum, a, 0});
  const LayerIndex part = graph.add("part", SliceLayer{.begin = 1, .count = 2}, {other});
  const LayerIndex rows = graph.add("rows", SliceLayer{.axis = 2, .begin = 0, .count = 1}, {five});
  const std::vector<LayerPredictor> layers = fit_layers(graph, made_up_statistics(graph, 22, 13), 2);
  const auto rule = [&](LayerIndex layer) { return layers[static_cast<std::size_t>(layer)].rule; };
  const auto coefficients = [&](LayerIndex layer) {
    return layers[static_cast<std::size_t>(layer)].coefficients.size();
  };
  EXPECT_EQ(rule(sum), Rule::sum);
  EXPECT_EQ(coefficients(sum), 4U * 3);
  EXPECT_EQ(rule(five), Rule::sum);
  EXPECT_EQ(coefficients(five), 6U * 3);
  for (const LayerIndex mixed : {odd, other, part, rows}) {
    EXPECT_TRUE(rule(mixed) == Rule::saturating || rule(mixed) == Rule::perceptron ||
                rule(mixed) == Rule::linear_of_mean)
        << mixed;
  }
  const prediction::Predictors predictors{
      .model_hash = "h", .software_version = "1", .frames_hash = "f", .frames = 14, .layers = layers};
  const prediction::Predictors parsed =
      prediction::parse_predictors(prediction::pack_predictors(predictors), graph, "h");
  const prediction::TrainedPredictor predictor(graph, parsed);
  const std::vector<double> rates = predictor.mean_rates(std::vector<double>{0.3, 0.3, 0.3});
  for (const double rate : rates) EXPECT_TRUE(rate >= 0 && rate <= 1);
}

TEST(FitLayers, ThreadsDoNotChangeTheResult) {
  const Graph graph = branches();
  const Statistics statistics = made_up_statistics(graph, 16, 16);
  const auto packed = [&](int threads) {
    return prediction::pack_predictors({.model_hash = "h",
                                        .software_version = "1",
                                        .frames_hash = "f",
                                        .frames = 17,
                                        .layers = fit_layers(graph, statistics, threads)});
  };
  const std::vector<std::byte> one = packed(1);
  EXPECT_EQ(packed(3), one);
}

TEST(FitLayers, OneTransitionIsEnough) {
  const Graph graph = branches();
  const Statistics statistics = made_up_statistics(graph, 1, 1);
  for (const LayerPredictor& layer : fit_layers(graph, statistics, 1)) {
    for (const float value : layer.coefficients) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(FitLayers, CanBeStopped) {
  const Graph graph = branches();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(fit_layers(graph, made_up_statistics(graph, 16, 16), 2, stop.get_token()), Cancelled);
}

}  // namespace
}  // namespace edge::trainer
