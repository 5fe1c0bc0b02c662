// What the trainer has fitted, as plain data: how the change rates of a layer's output follow from those of
// its inputs, and how many bytes the changes take. docs/prediction.md explains the rules and where their
// coefficients come from. Value types, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace edge::prediction {

/// From the rates r of the inputs' channels to those of the output's. The numbers are part of the format.
/// Results are clamped to 0..1.
enum class Rule : std::uint8_t {
  input = 0,           ///< layer 0: the rates that are given
  same = 1,            ///< r
  mean = 2,            ///< one rate: the mean of r
  concat = 3,          ///< the inputs' rates, one behind the other
  linear = 4,          ///< per channel a + b r; coefficients a[C], b[C]
  sum = 5,             ///< of inputs r, s ..., per channel a + b r + c s ...; a[C], b[C], c[C] ...
  perceptron = 6,      ///< per channel a + b / (1 + exp(-(w r + v))); v, w[C_in], a[C], b[C]
  linear_of_mean = 7,  ///< per channel a + b mean(r); a[C], b[C]
  saturating = 8,      ///< per channel b / (1 + exp(-(v + w log(mean(r) + least_rate)))); v, w, b[C]
  constant = 9,        ///< 0: the layer has no inputs
};

inline constexpr Rule last_rule = Rule::constant;
/// Of Rule::saturating: nothing that changes a layer less matters.
inline constexpr float least_rate = 1e-6F;

/// Bytes on a link of a tensor of which `changed` elements changed: min(per_changed_at_most * changed, base +
/// per_changed * changed), a line that goes to 0 where nothing changes.
struct ByteModel {
  double base = 0;
  double per_changed = 0;
  double per_changed_at_most = 0;
  double raw = 0;   ///< without a base: mean over the training frames
  double mean = 0;  ///< with one: likewise

  double bytes(double changed) const;
};

struct LayerPredictor {
  Rule rule = Rule::same;
  std::vector<float> coefficients = {};
  ByteModel bytes = {};
};

struct Predictors {
  std::string model_hash;        ///< of graph, weights and frame size
  std::string software_version;  ///< that made it
  std::string frames_hash;       ///< SHA-256 of the training frames' pixels, hexadecimal
  std::uint32_t frames = 0;      ///< how many these were
  bool compress = true;          ///< whether bytes are with compression
  std::vector<LayerPredictor> layers = {};
};

/// How many coefficients `rule` has at this layer; nothing if it makes no sense there.
std::optional<std::size_t> coefficient_count(const Graph& graph, LayerIndex layer, Rule rule);

}  // namespace edge::prediction
