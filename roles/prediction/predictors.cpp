#include "roles/prediction/predictors.h"

#include <algorithm>

#include "roles/prediction/rate_channels.h"

namespace edge::prediction {

double ByteModel::bytes(double changed) const {
  return std::min(per_changed_at_most * changed, base + per_changed * changed);
}

std::optional<std::size_t> coefficient_count(const Graph& graph, LayerIndex index, Rule rule) {
  const Layer& layer = graph.layer(index);
  const std::size_t channels = rate_channels(layer.output_shape);
  if (layer.inputs.empty()) {
    return rule == (index == 0 ? Rule::input : Rule::constant) ? std::optional<std::size_t>(0) : std::nullopt;
  }
  std::size_t from = 0;  // channels of all inputs
  bool alike = true;     // each has the output's
  for (const LayerIndex input : layer.inputs) {
    const std::size_t own = rate_channels(graph.layer(input).output_shape);
    from += own;
    alike = alike && own == channels;
  }
  switch (rule) {
    case Rule::same:
    case Rule::concat:
      return from == channels ? std::optional<std::size_t>(0) : std::nullopt;
    case Rule::mean:
      return channels == 1 ? std::optional<std::size_t>(0) : std::nullopt;
    case Rule::linear:
      return from == channels ? std::optional(2 * channels) : std::nullopt;
    case Rule::sum:
      return alike && layer.inputs.size() > 1 ? std::optional((1 + layer.inputs.size()) * channels)
                                              : std::nullopt;
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
