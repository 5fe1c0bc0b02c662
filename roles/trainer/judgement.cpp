#include "roles/trainer/judgement.h"

#include <fmt/format.h>

#include <cmath>

namespace edge::trainer {
namespace {

double mean_rate(const LayerStatistics& layer, int transition) {
  double sum = 0;
  const std::size_t first = static_cast<std::size_t>(transition) * layer.channels;
  for (std::size_t c = 0; c < layer.channels; ++c) sum += double{layer.rates[first + c]};
  return sum / static_cast<double>(layer.channels);
}

}  // namespace

const char* rule_name(prediction::Rule rule) {
  using prediction::Rule;
  switch (rule) {
    case Rule::input:
      return "input";
    case Rule::same:
      return "same";
    case Rule::mean:
      return "mean";
    case Rule::concat:
      return "concat";
    case Rule::linear:
      return "linear";
    case Rule::sum:
      return "sum";
    case Rule::perceptron:
      return "perceptron";
    case Rule::linear_of_mean:
      return "linear of mean";
    case Rule::saturating:
      return "saturating";
    case Rule::constant:
      return "constant";
  }
  return "?";
}

double mean_truth(const std::vector<Pair>& pairs) {
  double sum = 0;
  for (const Pair& pair : pairs) sum += pair.truth;
  return pairs.empty() ? 0 : sum / static_cast<double>(pairs.size());
}

double mean_absolute_error(const std::vector<Pair>& pairs) {
  double sum = 0;
  for (const Pair& pair : pairs) sum += std::abs(pair.predicted - pair.truth);
  return pairs.empty() ? 0 : sum / static_cast<double>(pairs.size());
}

std::vector<LayerJudgement> judge(const Graph& graph, const Statistics& statistics,
                                  const prediction::TrainedPredictor& predictor) {
  std::vector<LayerJudgement> layers;
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    const Layer& layer = graph.layer(index);
    const auto at = static_cast<std::size_t>(index);
    layers.push_back({.name = layer.name,
                      .operation = operation_name(layer.operation),
                      .rule = rule_name(predictor.predictors().layers[at].rule),
                      .elements = statistics.layers[at].elements,
                      .rates = {},
                      .bytes = {}});
  }
  for (int t = statistics.training; t < statistics.transitions; ++t) {
    const LayerStatistics& input = statistics.layers[0];
    std::vector<double> input_rates;
    for (std::size_t c = 0; c < input.channels; ++c) {
      input_rates.push_back(double{input.rates[static_cast<std::size_t>(t) * input.channels + c]});
    }
    const std::vector<double> rates = predictor.mean_rates(input_rates);
    const prediction::TransferBytes bytes = predictor.predict(input_rates);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const LayerStatistics& truth = statistics.layers[i];
      layers[i].rates.push_back({.transition = t, .truth = mean_rate(truth, t), .predicted = rates[i]});
      for (const EncodedSample& sample : truth.delta) {
        if (sample.transition != t) continue;
        // Of a sample of the channels we know no more than what the same share of the tensor takes.
        const double share = truth.elements / sample.elements;
        layers[i].bytes.push_back(
            {.transition = t, .truth = sample.bytes * share, .predicted = bytes.delta[i]});
      }
    }
  }
  return layers;
}

std::string judgement_table(const std::vector<LayerJudgement>& layers) {
  std::string text = fmt::format("{:>5} {:<22} {:<14} {:>9} {:>7} {:>11} {:>9} {:>6}\n", "layer", "name",
                                 "rule", "changed %", "error", "kB on link", "error kB", "%");
  double rate_error = 0;
  double float_error = 0;
  double byte_error = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerJudgement& layer = layers[i];
    const double error = mean_absolute_error(layer.rates);
    const double bytes = mean_truth(layer.bytes);
    const double wrong_bytes = mean_absolute_error(layer.bytes);
    text += fmt::format("{:>5} {:<22.22} {:<14} {:>9.2f} {:>7.2f} {:>11.1f} {:>9.1f} {:>6.1f}\n", i,
                        layer.name, layer.rule, 100 * mean_truth(layer.rates), 100 * error, bytes / 1e3,
                        wrong_bytes / 1e3, bytes > 0 ? 100 * wrong_bytes / bytes : 0.0);
    rate_error += error;
    float_error += error * layer.elements * sizeof(float);
    byte_error += wrong_bytes;
  }
  const auto count = static_cast<double>(layers.size());
  const std::size_t held_out = layers.empty() ? 0 : layers[0].rates.size();
  text += fmt::format(
      "mean absolute error over {} held-out frames and {} layers: {:.2f} % of the elements, {:.1f} kB of "
      "changed float32 values, {:.1f} kB on a link\n",
      held_out, layers.size(), 100 * rate_error / count, float_error / count / 1e3, byte_error / count / 1e3);
  return text;
}

}  // namespace edge::trainer
