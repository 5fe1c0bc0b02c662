// Change rates, rules, and predictors as bytes: what comes out, and what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>

#include "engine/error.h"
#include "engine/models/models.h"
#include "engine/tensor.h"
#include "net/crc32c.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::prediction {
namespace {

Array bytes_frame(const Shape& shape, const std::vector<std::uint8_t>& values) {
  FreshArray fresh = allocate_array(ElementType::u8, shape);
  std::memcpy(fresh.data, values.data(), values.size());
  return fresh.array;
}

TEST(ChangeRates, CountsBitsPerChannel) {
  // Odd sizes, and larger than a block of the counting.
  const std::int64_t rows = 101;
  const std::int64_t columns = 173;
  const auto pixels = static_cast<std::size_t>(rows * columns);
  const Shape shape{1, 3, rows, columns};
  std::vector<std::uint8_t> before(3 * pixels, 7);
  std::vector<std::uint8_t> now = before;
  for (std::size_t i = 0; i < 1000; ++i) now[pixels + i * 17] = 8;
  now[3 * pixels - 1] = 0;
  const std::vector<double> rates = change_rates(bytes_frame(shape, now), bytes_frame(shape, before));
  ASSERT_EQ(rates.size(), 3U);
  EXPECT_EQ(rates[0], 0);
  EXPECT_DOUBLE_EQ(rates[1], 1000.0 / static_cast<double>(pixels));
  EXPECT_DOUBLE_EQ(rates[2], 1.0 / static_cast<double>(pixels));
}

TEST(ChangeRates, FloatsAreComparedByBits) {
  Tensor before = Tensor::zeros({1, 2, 1, 4});
  Tensor now = before.clone();
  now.data()[0] = -0.0F;
  before.data()[4] = now.data()[4] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<double> rates = change_rates(now, before);
  EXPECT_EQ(rates, (std::vector<double>{0.25, 0}));
  const Tensor vector = now.reshaped({1, 8});
  EXPECT_EQ(change_rates(vector, before.reshaped({1, 8})), (std::vector<double>{0.125}))
      << "vectors have one rate";
  EXPECT_EQ(nonzero_rates(now), (std::vector<double>{0.25, 0.25}));
}

/// input(2) - a: conv to 3, b: conv to 1 - concat(4) - c: conv to 4 - add(concat, c) - relu - flatten
Graph small_graph() {
  Graph graph("small", {1, 2, 4, 4});
  const LayerIndex a = graph.add("a", Conv2dLayer{.out_channels = 3}, {0});
  const LayerIndex b = graph.add("b", Conv2dLayer{.out_channels = 1}, {0});
  const LayerIndex concat = graph.add("concat", ConcatLayer{}, {a, b});
  const LayerIndex c = graph.add("c", Conv2dLayer{.out_channels = 4}, {concat});
  graph.add("add", AddLayer{}, {concat, c});
  graph.add("relu", ReluLayer{});
  graph.add("flatten", FlattenLayer{});
  return graph;
}

Predictors small_predictors() {
  Predictors predictors{
      .model_hash = "hash", .software_version = "1", .frames_hash = "f", .frames = 5, .layers = {}};
  const ByteModel bytes{.base = 10, .per_changed = 2, .per_changed_at_most = 5, .raw = 60, .mean = 50};
  const auto add = [&](Rule rule, std::vector<float> coefficients) {
    predictors.layers.push_back({rule, std::move(coefficients), bytes});
  };
  add(Rule::input, {});
  add(Rule::linear_of_mean, {0, 0.1F, 2, 1, 0.5F, -4});  // a[3], b[3]
  add(Rule::perceptron, {-1, 2, 4, 0.1F, 0.8F});         // v, w[2], a, b
  add(Rule::concat, {});
  add(Rule::saturating, {2, 1, 1, 0.5F, 0.25F, 0});  // v, w, b[4]
  add(Rule::sum, {0, 0, 0, 0.5F, 1, 1, 0.5F, 0, 1, 0.5F, 0.5F, 1});
  add(Rule::linear, {0, 0, 0, 0, 0.5F, 0.5F, 0.5F, 2});
  add(Rule::mean, {});
  return predictors;
}

TEST(TrainedPredictor, RatesGoThroughTheGraph) {
  const Graph graph = small_graph();
  const TrainedPredictor predictor(graph, small_predictors());
  const std::vector<double> rates = predictor.mean_rates(std::array{0.25, 0.5});
  const double mean = 0.375;
  const std::array a{mean, 0.1 + 0.5 * mean, 2 - 4 * mean};
  const double b = 0.1 + 0.8 / (1 + std::exp(-(-1 + 2 * 0.25 + 4 * 0.5)));
  const double concat = (a[0] + a[1] + a[2] + b) / 4;
  const double hidden = 1 / (1 + std::exp(-(2 + std::log(concat))));
  const std::array<double, 4> sums{a[0] + hidden, a[1] + 0.5 * 0.5 * hidden, 0.5 * a[2] + 0.5 * 0.25 * hidden,
                                   0.5 + 0 * b};
  double added = 0;
  double relu = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    added += std::min(sums[i], 1.0) / 4;
    relu += std::min(1.0, (i == 3 ? 2 : 0.5) * std::min(sums[i], 1.0)) / 4;
  }
  const std::array<double, 8> expected{
      mean, (a[0] + a[1] + a[2]) / 3, b, concat, hidden * 1.75 / 4, added, relu, relu};
  ASSERT_EQ(rates.size(), expected.size());
  for (std::size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(rates[i], expected[i], 1e-5) << "layer " << i;
}

TEST(TrainedPredictor, BytesFollowTheRates) {
  const Graph graph = small_graph();
  const TrainedPredictor predictor(graph, small_predictors());
  const TransferBytes still = predictor.predict(std::array{0.0, 0.0});
  EXPECT_EQ(still.delta[0], 0) << "nothing changed, nothing to send";
  EXPECT_EQ(still.raw[0], 60);
  const TransferBytes bytes = predictor.predict(std::array{0.5, 0.5});
  EXPECT_NEAR(bytes.delta[0], 10 + 2 * 16, 1e-9);
  EXPECT_EQ(predictor.mean().delta[3], 50);
  EXPECT_EQ(predictor.mean().raw[3], 60);
  // One changed pixel: not the base of the line, but what a pixel and its place take.
  EXPECT_NEAR(predictor.predict(std::array{1.0 / 16, 0.0}).delta[0], 5, 1e-6);
}

TEST(TrainedPredictor, AbsurdRatesGiveFiniteBytes) {
  const Graph graph = small_graph();
  const TrainedPredictor predictor(graph, small_predictors());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {-1.0, 2.0, 1e300, nan}) {
    const TransferBytes bytes = predictor.predict(std::array{rate, rate});
    for (const double value : bytes.delta) {
      EXPECT_TRUE(std::isfinite(value) && value >= 0) << rate;
    }
  }
}

TEST(UntrainedPredictor, IsPlausible) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  const auto predictor = untrained_predictor(graph);
  const TransferBytes& mean = predictor->mean();
  ASSERT_EQ(mean.delta.size(), static_cast<std::size_t>(graph.size()));
  ASSERT_EQ(mean.raw.size(), mean.delta.size());
  for (std::size_t l = 0; l < mean.delta.size(); ++l) {
    EXPECT_GT(mean.delta[l], 0);
    EXPECT_LT(mean.delta[l], mean.raw[l]);
    EXPECT_LT(mean.raw[l], static_cast<double>(graph.output_bytes(static_cast<LayerIndex>(l))));
  }
  const TransferBytes still = predictor->predict(std::array{0.0, 0.0, 0.0});
  const TransferBytes all = predictor->predict(std::array{1.0, 1.0, 1.0});
  EXPECT_EQ(still.delta[2], 0);
  EXPECT_LE(all.delta[2], all.raw[2]);
  EXPECT_GT(all.delta[2], mean.delta[2]);
}

// Predictors as bytes.

/// Every layer with a rule that fits, and coefficients of all kinds.
Predictors random_predictors(const Graph& graph, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto number = [&] { return static_cast<float>(random() % 2001) / 1000 - 1; };
  Predictors predictors{.model_hash = std::string(64, 'a'),
                        .software_version = "1.2.3",
                        .frames_hash = std::string(64, 'f'),
                        .frames = 24,
                        .compress = seed % 2 == 0,
                        .layers = {}};
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    std::vector<Rule> rules;
    for (std::uint8_t rule = 0; rule <= static_cast<std::uint8_t>(last_rule); ++rule) {
      if (coefficient_count(graph, layer, static_cast<Rule>(rule))) rules.push_back(static_cast<Rule>(rule));
    }
    EXPECT_FALSE(rules.empty()) << graph.layer(layer).name;
    LayerPredictor predictor{.rule = rules[random() % rules.size()]};
    predictor.coefficients.resize(*coefficient_count(graph, layer, predictor.rule));
    for (float& value : predictor.coefficients) value = number();
    predictor.bytes = {
        .base = 1.5, .per_changed = 2.25, .per_changed_at_most = 5, .raw = 1000, .mean = 1.0 / 3};
    predictors.layers.push_back(std::move(predictor));
  }
  return predictors;
}

class PredictorBytes : public testing::Test {
 protected:
  const Graph graph_ = make_model("toy_dag", {.rows = 16, .columns = 16, .classes = 3});
  const std::string hash_ = std::string(64, 'a');

  /// The message of the error; empty if the bytes are taken.
  std::string refusal(const std::vector<std::byte>& bytes) const {
    try {
      static_cast<void>(parse_predictors(bytes, graph_, hash_));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string refusal(const Predictors& predictors) const { return refusal(pack_predictors(predictors)); }
};

TEST_F(PredictorBytes, RoundTrip) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const Predictors before = random_predictors(graph_, seed);
    const std::vector<std::byte> bytes = pack_predictors(before);
    EXPECT_LE(bytes.size(), max_predictor_bytes(graph_));
    const Predictors after = parse_predictors(bytes, graph_, hash_);
    EXPECT_EQ(pack_predictors(after), bytes);
    EXPECT_EQ(after.frames, 24U);
    EXPECT_EQ(after.compress, before.compress);
    ASSERT_EQ(after.layers.size(), before.layers.size());
    for (std::size_t l = 0; l < after.layers.size(); ++l) {
      EXPECT_EQ(after.layers[l].rule, before.layers[l].rule);
      EXPECT_EQ(after.layers[l].coefficients, before.layers[l].coefficients);
      EXPECT_EQ(after.layers[l].bytes.mean, before.layers[l].bytes.mean);
    }
  }
}

TEST_F(PredictorBytes, FormatIsThatOfTheGoldenFile) {
  const Graph graph = small_graph();
  std::ifstream stream(std::string(EDGE_TEST_DATA) + "/predictors-1.bin", std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(stream), {}};
  const std::vector<std::byte> packed = pack_predictors(small_predictors());
  ASSERT_EQ(packed.size(), golden.size());
  EXPECT_TRUE(std::equal(packed.begin(), packed.end(), std::as_bytes(std::span(golden)).begin()));
  const Predictors parsed = parse_predictors(std::as_bytes(std::span(golden)), graph, "hash");
  EXPECT_EQ(parsed.layers[2].coefficients, (std::vector<float>{-1, 2, 4, 0.1F, 0.8F}));
}

TEST_F(PredictorBytes, EveryTruncationAndEveryFlippedBitIsFound) {
  const std::vector<std::byte> bytes = pack_predictors(random_predictors(graph_, 1));
  for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 50) {
    EXPECT_NE(refusal({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}), "") << length;
  }
  for (std::size_t at = 0; at < bytes.size(); at += 1 + at / 100) {
    std::vector<std::byte> damaged = bytes;
    damaged[at] ^= static_cast<std::byte>(1U << (at % 8));
    EXPECT_NE(refusal(damaged), "") << at;
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back({});
  EXPECT_EQ(refusal(longer), "it is longer than it says");
  EXPECT_EQ(refusal(std::vector<std::byte>{}), "it is no file of predictors");
  EXPECT_EQ(refusal(std::vector<std::byte>(bytes.begin(), bytes.end() - 1)), "it is cut off");
}

TEST_F(PredictorBytes, NonsenseWithARightChecksumIsRefused) {
  const Predictors good = random_predictors(graph_, 2);
  ASSERT_EQ(refusal(good), "");
  Predictors bad = good;
  bad.model_hash = std::string(64, 'b');
  EXPECT_EQ(refusal(bad), "it belongs to another network, weights or frame size");
  bad = good;
  bad.layers.pop_back();
  EXPECT_EQ(refusal(bad), fmt::format("it has {} layers, the network {}", graph_.size() - 1, graph_.size()));
  bad = good;
  bad.frames = 1;
  EXPECT_EQ(refusal(bad), "it was made from less than two frames");
  bad = good;
  bad.software_version = std::string(1000, 'v');
  EXPECT_EQ(refusal(bad), "it has an impossible text");
  for (std::size_t l = 0; l < good.layers.size(); ++l) {
    bad = good;
    bad.layers[l].coefficients.push_back(0);
    EXPECT_NE(refusal(bad).find("it does not fit to layer"), std::string::npos) << l;
    bad = good;
    bad.layers[l].rule = static_cast<Rule>(9);
    EXPECT_NE(refusal(bad).find("it does not fit to layer"), std::string::npos) << l;
    bad = good;
    bad.layers[l].rule = l == 0 ? Rule::linear : Rule::input;
    EXPECT_NE(refusal(bad).find("it does not fit to layer"), std::string::npos) << l;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double value : {-1.0, 1e13, nan, std::numeric_limits<double>::infinity()}) {
      for (double ByteModel::*field : {&ByteModel::base, &ByteModel::per_changed,
                                       &ByteModel::per_changed_at_most, &ByteModel::raw, &ByteModel::mean}) {
        bad = good;
        bad.layers[l].bytes.*field = value;
        EXPECT_EQ(refusal(bad), "it has an impossible number of bytes");
      }
    }
    if (good.layers[l].coefficients.empty()) continue;
    for (const float value : {1e7F, -1e7F, std::numeric_limits<float>::quiet_NaN()}) {
      bad = good;
      bad.layers[l].coefficients.back() = value;
      EXPECT_EQ(refusal(bad), "it has an impossible coefficient");
    }
  }
}

TEST_F(PredictorBytes, WhatIsTakenPredictsFiniteBytes) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    Predictors predictors = random_predictors(graph_, seed);
    for (LayerPredictor& layer : predictors.layers) {
      for (float& value : layer.coefficients) value *= 1e6F;
    }
    const TrainedPredictor predictor(graph_, parse_predictors(pack_predictors(predictors), graph_, hash_));
    for (const double rate : {0.0, 1e-9, 0.5, 1.0}) {
      const TransferBytes bytes = predictor.predict(std::array{rate, rate, rate});
      for (const double value : bytes.delta) EXPECT_TRUE(std::isfinite(value) && value >= 0);
    }
  }
}

}  // namespace
}  // namespace edge::prediction
