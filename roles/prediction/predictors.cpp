#include "roles/prediction/predictors.h"

#include <algorithm>
#include <variant>

#include "roles/prediction/rate_channels.h"

namespace edge::prediction {

double ByteModel::bytes(double changed) const {
  return std::min(per_changed_at_most * changed, base + per_changed * changed);
}

std::optional<std::size_t> coefficient_count(const Graph& graph, LayerIndex index, Rule rule) {
  const Layer& layer = graph.layer(index);
  const std::size_t channels = rate_channels(layer.output_shape);
  if (layer.inputs.empty() || rule == Rule::input) {
    return layer.inputs.empty() && rule == Rule::input ? std::optional<std::size_t>(0) : std::nullopt;
  }
  const auto channels_of = [&](std::size_t input) {
    return rate_channels(graph.layer(layer.inputs[input]).output_shape);
  };
  if (rule == Rule::concat) {
    std::size_t all = 0;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) all += channels_of(i);
    return all == channels ? std::optional<std::size_t>(0) : std::nullopt;
  }
  if (rule == Rule::sum) {
    const bool fits = layer.inputs.size() == 2 && channels_of(0) == channels && channels_of(1) == channels;
    return fits ? std::optional(3 * channels) : std::nullopt;
  }
  if (layer.inputs.size() != 1) return std::nullopt;
  const std::size_t from = channels_of(0);
  switch (rule) {
    case Rule::same:
      return from == channels ? std::optional<std::size_t>(0) : std::nullopt;
    case Rule::mean:
      return channels == 1 ? std::optional<std::size_t>(0) : std::nullopt;
    case Rule::linear:
      return from == channels ? std::optional(2 * channels) : std::nullopt;
    case Rule::perceptron:
      return 1 + from + 2 * channels;
    case Rule::linear_of_mean:
      return 2 * channels;
    case Rule::saturating:
      return 2 + channels;
    default:
      return std::nullopt;
  }
}

}  // namespace edge::prediction
