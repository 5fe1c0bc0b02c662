// Fits the rule of one layer to samples of its inputs' and its output's change rates. Pure functions,
// thread-safe, deterministic.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "engine/layer.h"
#include "roles/prediction/predictors.h"

namespace edge::trainer {

/// One row per transition.
struct Samples {
  std::size_t inputs = 0;   ///< channels of all inputs together
  std::size_t outputs = 0;  ///< channels
  std::vector<float> x;     ///< [rows x inputs]
  std::vector<float> y;     ///< [rows x outputs]
  std::vector<float>
      slopes;  ///< [outputs]: what to expect of a change by the mean of the inputs, without any sample

  std::size_t rows() const { return outputs == 0 ? 0 : y.size() / outputs; }
  /// The rows for which `wanted` is true.
  Samples select(const std::function<bool(std::size_t row)>& wanted) const;
};

/// A way to fit, one of those that compete for a layer.
using Fit = prediction::LayerPredictor (*)(const Samples& samples);

prediction::LayerPredictor fit_saturating(const Samples& samples);
prediction::LayerPredictor fit_perceptron(const Samples& samples);
prediction::LayerPredictor fit_linear_of_mean(const Samples& samples);
prediction::LayerPredictor fit_slope(const Samples& samples);  ///< Rule::linear with a = 0
prediction::LayerPredictor fit_linear(const Samples& samples);
prediction::LayerPredictor fit_sum_of_slopes(const Samples& samples);  ///< Rule::sum with a = 0
prediction::LayerPredictor fit_sum(const Samples& samples);

/// The candidates for a layer without a fixed rule, the one to take without enough samples first. `inputs`:
/// rate channels of each input.
std::vector<Fit> candidate_fits(const Layer& layer, const std::vector<std::size_t>& inputs,
                                std::size_t outputs);

/// Mean absolute error of the predicted mean rate over the rows.
double mean_error(const prediction::LayerPredictor& predictor, const Samples& samples);

/// Bytes from samples of the codec's work (trainer::EncodedSample) for a tensor of `elements`, `most_bytes`
/// each.
}  // namespace edge::trainer
