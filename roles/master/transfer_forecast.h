// How many bytes the next frames will take on the links: what the trainer's predictors say, corrected by what
// the codec really sent lately. One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/graph.h"
#include "roles/master/robust_estimate.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge {

class TransferForecast {
 public:
  /// `whole`: mode full, in which every tensor travels whole and raw. `values`: of all tensors but the input.
  TransferForecast(const Graph& graph, bool whole, ValueFormat values = ValueFormat::exact);

  void set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor);

  /// `input_rates`: change rates of the frame's channels; empty if they are not known (then the means).
  prediction::TransferBytes predict(std::span<const double> input_rates) const;

  /// The tensors `layers` of a frame with these input rates took `bytes` on a link.
  void observe(std::span<const LayerIndex> layers, bool delta, std::span<const double> input_rates,
               double bytes);

 private:
  /// Ratios of what was sent to what was predicted, by layer; layers that have not been seen on a link take
  /// the mean of those that were.
  using Corrections = std::map<LayerIndex, RobustEstimate>;

  prediction::TransferBytes uncorrected(std::span<const double> input_rates) const;
  static void apply(const Corrections& corrections, std::vector<double>& bytes);

  const Graph& graph_;
  const bool whole_;
  const ValueFormat values_;
  std::shared_ptr<const prediction::TransferPredictor> predictor_;
  Corrections delta_, raw_;
};

}  // namespace edge
