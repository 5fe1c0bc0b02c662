// Evaluates Predictors: a frame's change rates through the whole graph, in microseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/graph.h"
#include "roles/prediction/predictors.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::prediction {

/// The rates of one layer's output from those of its inputs, one behind the other. `output` has the layer's
/// rate channels.
void apply_rule(const LayerPredictor& layer, std::span<const float> inputs, std::span<float> output);

/// Immutable, thread-safe.
class TrainedPredictor final : public TransferPredictor {
 public:
  /// `predictors` must fit to the graph (what parse() returns does).
  TrainedPredictor(const Graph& graph, Predictors predictors);

  TransferBytes predict(std::span<const double> input_rates) const override;
  const TransferBytes& mean() const override { return mean_; }

  /// Mean change rate of each layer's output: changed elements / elements.
  std::vector<double> mean_rates(std::span<const double> input_rates) const;
  const Predictors& predictors() const { return predictors_; }

 private:
  /// Where a layer's rates lie in the array of all rates.
  struct Place {
    std::size_t first = 0;
    std::size_t channels = 0;
    double elements = 0;                   ///< of the tensor
    double most_bytes = 0;                 ///< that its encoding can have
    std::vector<std::size_t> inputs = {};  ///< layers
  };
  std::vector<float> all_rates(std::span<const double> input_rates) const;
  double mean_rate(const std::vector<float>& rates, const Place& place) const;

  Predictors predictors_;
  std::vector<Place> places_;
  std::size_t total_channels_ = 0;
  std::size_t most_inputs_ = 0;  ///< input channels of one layer, at most
  TransferBytes mean_;
};

}  // namespace edge::prediction
