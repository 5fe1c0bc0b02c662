#include "roles/trainer/layer_fit.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/layers/operation_type.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/trainer/hidden_unit.h"
#include "roles/trainer/least_squares.h"

namespace edge::trainer {
namespace {

using prediction::LayerPredictor;
using prediction::Rule;

/// Weight of what is known beforehand, in squares of rates: next to nothing as soon as a few frames changed.
constexpr double weak = 1e-2;
/// Only against singular equations.
constexpr double least = 1e-6;
constexpr int max_iterations = 500;

std::vector<double> row_means(const std::vector<float>& values, std::size_t columns) {
  std::vector<double> means;
  for (std::size_t at = 0; at + columns <= values.size() && columns > 0; at += columns) {
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) sum += double{values[at + c]};
    means.push_back(sum / static_cast<double>(columns));
  }
  return means;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

std::vector<double> column(const std::vector<float>& values, std::size_t columns, std::size_t index) {
  std::vector<double> list;
  for (std::size_t at = index; at < values.size(); at += columns) list.push_back(double{values[at]});
  return list;
}

/// y = a + b h for every channel by least squares; `shift` and `scale` are the same for all channels
/// together. Appends a[C] (unless `through_zero`), then b[C].
void append_outputs(const Samples& samples, const std::vector<double>& h, double shift, double scale,
                    bool through_zero, std::vector<float>& to) {
  std::vector<float> a;
  std::vector<float> b;
  std::vector<double> rows;
  for (const double value : h) {
    if (!through_zero) rows.push_back(1);
    rows.push_back(value);
  }
  std::vector<Prior> priors{{scale, weak}};
  if (!through_zero) priors = {{shift, weak}, {scale, weak}};
  for (std::size_t c = 0; c < samples.outputs; ++c) {
    const std::vector<double> x = least_squares(rows, column(samples.y, samples.outputs, c), priors);
    if (!through_zero) a.push_back(static_cast<float>(x[0]));
    b.push_back(static_cast<float>(x.back()));
  }
  to.insert(to.end(), a.begin(), a.end());
  to.insert(to.end(), b.begin(), b.end());
}

HiddenUnit best_of(const std::vector<HiddenUnit>& starts, const std::vector<double>& x,
                   const std::vector<double>& targets, const HiddenUnitOptions& options) {
  HiddenUnit best;
  for (const HiddenUnit& start : starts) {
    HiddenUnit trained = train_hidden_unit(start, x, targets, options);
    if (best.weights.empty() || trained.loss < best.loss) best = std::move(trained);
  }
  return best;
}

/// Per channel: how the output follows from one input (`which`) on the average of all channels, given what is
/// expected of each.
double common_factor(const Samples& samples) {
  double product = least;
  double square = least;
  for (std::size_t row = 0; row < samples.rows(); ++row) {
    for (std::size_t c = 0; c < samples.outputs; ++c) {
      const double expected = double{samples.slopes[c]} * double{samples.x[row * samples.inputs + c]};
      product += expected * double{samples.y[row * samples.outputs + c]};
      square += expected * expected;
    }
  }
  return product / square;
}

LayerPredictor fit_per_channel(const Samples& samples, bool through_zero) {
  assert(samples.inputs == samples.outputs);
  const double factor = common_factor(samples);
  const std::size_t channels = samples.outputs;
  LayerPredictor predictor{.rule = Rule::linear, .coefficients = std::vector<float>(2 * channels)};
  const double intercept_weight = through_zero ? 1e9 : weak;
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<double> rows;
    for (const double value : column(samples.x, samples.inputs, c)) {
      rows.push_back(1);
      rows.push_back(value);
    }
    const std::vector<Prior> priors{{0, intercept_weight}, {factor * double{samples.slopes[c]}, weak}};
    const std::vector<double> x = least_squares(rows, column(samples.y, channels, c), priors);
    predictor.coefficients[c] = through_zero ? 0 : static_cast<float>(x[0]);
    predictor.coefficients[channels + c] = static_cast<float>(x[1]);
  }
  return predictor;
}

/// Per channel, of as many inputs as there are.
LayerPredictor fit_inputs(const Samples& samples, bool through_zero) {
  assert(samples.inputs % samples.outputs == 0);
  const std::size_t channels = samples.outputs;
  const std::size_t inputs = samples.inputs / channels;
  LayerPredictor predictor{.rule = Rule::sum, .coefficients = std::vector<float>((1 + inputs) * channels)};
  const double intercept_weight = through_zero ? 1e9 : weak;
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<double> rows;
    for (std::size_t row = 0; row < samples.rows(); ++row) {
      rows.push_back(1);
      for (std::size_t i = 0; i < inputs; ++i) {
        rows.push_back(double{samples.x[row * samples.inputs + i * channels + c]});
      }
    }
    std::vector<Prior> priors{{0, intercept_weight}};
    priors.resize(1 + inputs, {double{samples.slopes[c]} / static_cast<double>(inputs), weak});
    const std::vector<double> x = least_squares(rows, column(samples.y, channels, c), priors);
    predictor.coefficients[c] = through_zero ? 0 : static_cast<float>(x[0]);
    for (std::size_t i = 1; i <= inputs; ++i) {
      predictor.coefficients[i * channels + c] = static_cast<float>(x[i]);
    }
  }
  return predictor;
}

}  // namespace

Samples Samples::select(const std::function<bool(std::size_t)>& wanted) const {
  Samples selected{.inputs = inputs, .outputs = outputs, .x = {}, .y = {}, .slopes = slopes};
  const auto copy = [](const std::vector<float>& from, std::size_t columns, std::size_t row,
                       std::vector<float>& to) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row * columns);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
  };
  for (std::size_t row = 0; row < rows(); ++row) {
    if (!wanted(row)) continue;
    copy(x, inputs, row, selected.x);
    copy(y, outputs, row, selected.y);
  }
  return selected;
}

LayerPredictor fit_saturating(const Samples& samples) {
  std::vector<double> x = row_means(samples.x, samples.inputs);
  for (double& value : x) value = std::log(value + double{prediction::least_rate});
  const std::vector<double> targets = row_means(samples.y, samples.outputs);
  double top = 0;
  for (const double target : targets) top = std::max(top, target);
  const double scale = top > 0 ? top : 1;
  std::vector<HiddenUnit> starts;
  for (const double bias : {1.0, 3.0, 6.0}) {
    starts.push_back({.weights = {1}, .bias = bias, .shift = 0, .scale = scale});
  }
  const HiddenUnit unit =
      best_of(starts, x, targets, {.pull = 1e-3, .keep_shift = true, .max_iterations = max_iterations});
  std::vector<double> hidden;
  hidden.reserve(x.size());
  for (const double& value : x) hidden.push_back(unit.hidden({&value, 1}));
  LayerPredictor predictor{
      .rule = Rule::saturating,
      .coefficients = {static_cast<float>(unit.bias), static_cast<float>(unit.weights[0])}};
  append_outputs(samples, hidden, 0, unit.scale, true, predictor.coefficients);
  return predictor;
}

LayerPredictor fit_perceptron(const Samples& samples) {
  const std::vector<double> means = row_means(samples.x, samples.inputs);
  const double centre = mean_of(means);
  const double spread = std::max(deviation(means), 1e-4);
  std::vector<double> x;
  for (const float value : samples.x) x.push_back((double{value} - centre) / spread);
  const std::vector<double> targets = row_means(samples.y, samples.outputs);
  const auto inputs = static_cast<double>(samples.inputs);
  std::vector<HiddenUnit> starts;
  for (const auto& [weight, bias] : {std::pair{1.0, 0.0}, {2.0, 2.0}, {2.0, -2.0}}) {
    HiddenUnit start{.weights = std::vector<double>(samples.inputs, weight / inputs), .bias = bias};
    // The output as it fits best to the hidden unit at the start.
    std::vector<double> rows;
    for (std::size_t row = 0; row < targets.size(); ++row) {
      rows.insert(rows.end(), {1, start.hidden({&x[row * samples.inputs], samples.inputs})});
    }
    const std::vector<Prior> priors{{mean_of(targets), least}, {0, least}};
    const std::vector<double> output = least_squares(rows, targets, priors);
    start.shift = output[0];
    start.scale = output[1];
    starts.push_back(std::move(start));
  }
  const HiddenUnit unit = best_of(starts, x, targets, {.pull = 1e-4, .max_iterations = max_iterations});
  std::vector<double> hidden;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    hidden.push_back(unit.hidden({&x[row * samples.inputs], samples.inputs}));
  }
  LayerPredictor predictor{.rule = Rule::perceptron};
  double bias = unit.bias;
  for (const double weight : unit.weights) bias -= weight * centre / spread;
  predictor.coefficients.push_back(static_cast<float>(bias));
  for (const double weight : unit.weights) {
    predictor.coefficients.push_back(static_cast<float>(weight / spread));
  }
  append_outputs(samples, hidden, unit.shift, unit.scale, false, predictor.coefficients);
  return predictor;
}

LayerPredictor fit_linear_of_mean(const Samples& samples) {
  const std::vector<double> means = row_means(samples.x, samples.inputs);
  const std::vector<double> targets = row_means(samples.y, samples.outputs);
  std::vector<double> rows;
  for (const double mean : means) rows.insert(rows.end(), {1, mean});
  const std::vector<Prior> priors{{mean_of(targets), least}, {0, least}};
  const std::vector<double> common = least_squares(rows, targets, priors);
  LayerPredictor predictor{.rule = Rule::linear_of_mean};
  append_outputs(samples, means, common[0], common[1], false, predictor.coefficients);
  return predictor;
}

LayerPredictor fit_slope(const Samples& samples) {
  return fit_per_channel(samples, true);
}
LayerPredictor fit_linear(const Samples& samples) {
  return fit_per_channel(samples, false);
}
LayerPredictor fit_sum_of_slopes(const Samples& samples) {
  return fit_inputs(samples, true);
}
LayerPredictor fit_sum(const Samples& samples) {
  return fit_inputs(samples, false);
}

std::vector<Fit> candidate_fits(const Layer& layer, const std::vector<std::size_t>& inputs,
                                std::size_t outputs) {
  const ChangeRule rule = layer.operation.type().change;
  const bool channel_by_channel =
      std::all_of(inputs.begin(), inputs.end(), [&](std::size_t channels) { return channels == outputs; });
  if (rule != ChangeRule::mixes && channel_by_channel) {
    if (inputs.size() == 1) return {fit_slope, fit_linear};
    return {fit_sum_of_slopes, fit_sum};
  }
  return {fit_saturating, fit_perceptron, fit_linear_of_mean};
}

double mean_error(const LayerPredictor& predictor, const Samples& samples) {
  const std::vector<double> targets = row_means(samples.y, samples.outputs);
  std::vector<float> output(samples.outputs);
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    prediction::apply_rule(predictor, {&samples.x[row * samples.inputs], samples.inputs}, output);
    sum += std::abs(row_means(output, samples.outputs)[0] - targets[row]);
  }
  return targets.empty() ? 0 : sum / static_cast<double>(targets.size());
}

}  // namespace edge::trainer
