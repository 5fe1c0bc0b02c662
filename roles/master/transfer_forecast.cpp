#include "roles/master/transfer_forecast.h"

#include <algorithm>
#include <cmath>

#include "roles/chain/frame_header.h"

namespace edge {
namespace {

/// A prediction of nearly nothing (a still scene) cannot be corrected by a factor.
constexpr double fewest_bytes = 2000;
/// No prediction is wrong by more; a peer that says so is not believed.
constexpr double largest_ratio = 1000;

/// What rounded values take of the bytes of exact ones, which are what predictors know (docs/codec.md).
struct RoundedShares {
  double delta = 1;
  double raw = 1;
  double whole = 1;  ///< in mode full
};
RoundedShares rounded_shares(ValueFormat values) {
  switch (values) {
    case ValueFormat::exact:
      break;
    case ValueFormat::float16:
      return {.delta = 0.29, .raw = 0.4, .whole = 0.5};
    case ValueFormat::int8:
      return {.delta = 0.07, .raw = 0.2, .whole = 0.25};
  }
  return {};
}

}  // namespace

TransferForecast::TransferForecast(const Graph& graph, bool whole, ValueFormat values)
    : graph_(graph), whole_(whole), values_(values), predictor_(prediction::untrained_predictor(graph)) {}

void TransferForecast::set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor) {
  predictor_ = std::move(predictor);
  // They were the errors of another predictor.
  delta_.clear();
  raw_.clear();
}

prediction::TransferBytes TransferForecast::uncorrected(std::span<const double> input_rates) const {
  if (whole_) {
    prediction::TransferBytes bytes;
    for (LayerIndex layer = 0; layer < graph_.size(); ++layer) {
      bytes.raw.push_back(static_cast<double>(graph_.transfer_bytes(layer)));
    }
    const double share = rounded_shares(values_).whole;
    for (std::size_t layer = 1; layer < bytes.raw.size(); ++layer) bytes.raw[layer] *= share;
    bytes.delta = bytes.raw;
    return bytes;
  }
  prediction::TransferBytes bytes =
      input_rates.empty() ? predictor_->mean() : predictor_->predict(input_rates);
  const RoundedShares shares = rounded_shares(values_);
  for (std::size_t layer = 1; layer < bytes.raw.size(); ++layer) {
    bytes.delta[layer] *= shares.delta;
    bytes.raw[layer] *= shares.raw;
  }
  return bytes;
}

void TransferForecast::apply(const Corrections& corrections, std::vector<double>& bytes) {
  // The input is coded differently (8-bit pixels): it tells nothing of the others, nor they of it.
  double log_sum = 0;
  double count = 0;
  for (const auto& [layer, ratio] : corrections) {
    if (layer == 0) continue;
    log_sum += std::log(*ratio.value());
    ++count;
  }
  const double of_others = count > 0 ? std::exp(log_sum / count) : 1;
  for (std::size_t layer = 0; layer < bytes.size(); ++layer) {
    const auto own = corrections.find(static_cast<LayerIndex>(layer));
    if (own != corrections.end()) {
      bytes[layer] *= *own->second.value();
    } else if (layer > 0) {
      bytes[layer] *= of_others;
    }
  }
}

prediction::TransferBytes TransferForecast::predict(std::span<const double> input_rates) const {
  prediction::TransferBytes bytes = uncorrected(input_rates);
  apply(delta_, bytes.delta);
  apply(raw_, bytes.raw);
  // A difference is never larger than the tensor sent whole would be: the codec would choose that.
  for (std::size_t layer = 0; layer < bytes.delta.size(); ++layer) {
    bytes.delta[layer] = std::min(bytes.delta[layer], bytes.raw[layer]);
  }
  return bytes;
}

void TransferForecast::observe(std::span<const LayerIndex> layers, bool delta,
                               std::span<const double> input_rates, double bytes) {
  if (whole_) return;
  const prediction::TransferBytes predicted = uncorrected(input_rates);
  double sum = 0;
  for (const LayerIndex layer : layers) {
    sum += (delta ? predicted.delta : predicted.raw)[static_cast<std::size_t>(layer)];
  }
  if (sum < fewest_bytes || bytes < fewest_bytes) return;
  const double ratio = std::clamp(bytes / sum, 1 / largest_ratio, largest_ratio);
  for (const LayerIndex layer : layers) (delta ? delta_ : raw_)[layer].add(ratio);
}

}  // namespace edge
