#include "roles/prediction/trained_predictor.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "net/codec/codec.h"
#include "roles/chain/frame_header.h"
#include "roles/prediction/rate_channels.h"

namespace edge::prediction {
namespace {

// Written so that compilers make vector instructions of it; a NaN counts as 0.
float as_rate(float value) {
  const float positive = value > 0 ? value : 0.0F;
  return positive < 1 ? positive : 1.0F;
}

/// Sum of term(0) .. term(count - 1), in an order that needs not wait for each addition.
template <typename Term>
float sum_of(std::size_t count, const Term& term) {
  std::array<float, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= count; i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += term(i + lane);
  }
  for (; i < count; ++i) sums[0] += term(i);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

float mean_of(std::span<const float> rates) {
  const float* values = rates.data();
  const float sum = sum_of(rates.size(), [values](std::size_t i) { return values[i]; });
  return rates.empty() ? 0 : sum / static_cast<float>(rates.size());
}

/// a[C] + b[C] * x
void affine(const float* a, const float* b, float x, std::span<float> output) {
  float* out = output.data();
  for (std::size_t c = 0; c < output.size(); ++c) out[c] = as_rate(a[c] + b[c] * x);
}

}  // namespace

void apply_rule(const LayerPredictor& layer, std::span<const float> inputs, std::span<float> output) {
  const float* k = layer.coefficients.data();
  const float* in = inputs.data();
  float* out = output.data();
  const std::size_t channels = output.size();
  switch (layer.rule) {
    case Rule::input:
    case Rule::same:
    case Rule::concat:
      std::copy(inputs.begin(), inputs.end(), output.begin());
      return;
    case Rule::constant:
      std::fill(output.begin(), output.end(), 0.0F);
      return;
    case Rule::mean:
      output[0] = as_rate(mean_of(inputs));
      return;
    case Rule::linear:
      for (std::size_t c = 0; c < channels; ++c) out[c] = as_rate(k[c] + k[channels + c] * in[c]);
      return;
    case Rule::sum:
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = k[c];
        for (std::size_t i = c; i < inputs.size(); i += channels) sum += k[channels + i] * in[i];
        out[c] = as_rate(sum);
      }
      return;
    case Rule::perceptron: {
      const float sum = k[0] + sum_of(inputs.size(), [k, in](std::size_t i) { return k[1 + i] * in[i]; });
      const float* a = k + 1 + inputs.size();
      affine(a, a + channels, 1 / (1 + std::exp(-sum)), output);
      return;
    }
    case Rule::linear_of_mean:
      affine(k, k + channels, mean_of(inputs), output);
      return;
    case Rule::saturating: {
      const float hidden = 1 / (1 + std::exp(-(k[0] + k[1] * std::log(mean_of(inputs) + least_rate))));
      for (std::size_t c = 0; c < channels; ++c) out[c] = as_rate(k[2 + c] * hidden);
      return;
    }
  }
}

TrainedPredictor::TrainedPredictor(const Graph& graph, Predictors predictors)
    : predictors_(std::move(predictors)) {
  assert(predictors_.layers.size() == static_cast<std::size_t>(graph.size()));
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    const Layer& layer = graph.layer(index);
    const LayerPredictor& predictor = predictors_.layers[static_cast<std::size_t>(index)];
    assert(coefficient_count(graph, index, predictor.rule) == predictor.coefficients.size());
    Place place{.first = total_channels_,
                .channels = rate_channels(layer.output_shape),
                .elements = static_cast<double>(layer.output_shape.elements()),
                .most_bytes = static_cast<double>(
                    net::max_encoded_bytes(graph.output_type(index), layer.output_shape))};
    std::size_t inputs = index == 0 ? place.channels : 0;
    for (const LayerIndex input : layer.inputs) {
      place.inputs.push_back(static_cast<std::size_t>(input));
      inputs += places_[static_cast<std::size_t>(input)].channels;
    }
    total_channels_ += place.channels;
    most_inputs_ = std::max(most_inputs_, inputs);
    mean_.delta.push_back(std::min(predictor.bytes.mean, place.most_bytes));
    mean_.raw.push_back(std::min(predictor.bytes.raw, place.most_bytes));
    places_.push_back(std::move(place));
  }
}

std::vector<float> TrainedPredictor::all_rates(std::span<const double> input_rates) const {
  assert(input_rates.size() == places_[0].channels);
  std::vector<float> rates(total_channels_);
  for (std::size_t c = 0; c < input_rates.size(); ++c) rates[c] = as_rate(static_cast<float>(input_rates[c]));
  std::vector<float> gathered(most_inputs_);
  for (std::size_t layer = 1; layer < places_.size(); ++layer) {
    const Place& place = places_[layer];
    const std::span<float> output(&rates[place.first], place.channels);
    if (place.inputs.size() == 1) {
      const Place& from = places_[place.inputs[0]];
      apply_rule(predictors_.layers[layer], {&rates[from.first], from.channels}, output);
      continue;
    }
    std::size_t count = 0;
    for (const std::size_t input : place.inputs) {
      const Place& from = places_[input];
      std::copy_n(&rates[from.first], from.channels, &gathered[count]);
      count += from.channels;
    }
    apply_rule(predictors_.layers[layer], {gathered.data(), count}, output);
  }
  return rates;
}

double TrainedPredictor::mean_rate(const std::vector<float>& rates, const Place& place) const {
  return double{mean_of({&rates[place.first], place.channels})};
}

TransferBytes TrainedPredictor::predict(std::span<const double> input_rates) const {
  const std::vector<float> rates = all_rates(input_rates);
  TransferBytes bytes{.delta = std::vector<double>(places_.size()), .raw = mean_.raw};
  for (std::size_t layer = 0; layer < places_.size(); ++layer) {
    const double changed = mean_rate(rates, places_[layer]) * places_[layer].elements;
    bytes.delta[layer] = std::min(predictors_.layers[layer].bytes.bytes(changed), places_[layer].most_bytes);
  }
  return bytes;
}

std::vector<double> TrainedPredictor::mean_rates(std::span<const double> input_rates) const {
  const std::vector<float> rates = all_rates(input_rates);
  std::vector<double> means;
  for (const Place& place : places_) means.push_back(mean_rate(rates, place));
  return means;
}

}  // namespace edge::prediction
