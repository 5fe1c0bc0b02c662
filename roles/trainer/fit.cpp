#include "roles/trainer/fit.h"

#include <algorithm>
#include <cassert>

#include "engine/executor.h"
#include "engine/layers/operation_type.h"
#include "kernels/thread_pool.h"
#include "roles/chain/frame_header.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/trainer/layer_fit.h"
#include "roles/trainer/least_squares.h"

namespace edge::trainer {
namespace {

using prediction::ByteModel;
using prediction::LayerPredictor;
using prediction::Rule;

/// Rounds of the contest between ways to fit: each leaves out every fourth transition, and is judged by
/// these.
constexpr std::size_t folds = 4;
/// With fewer transitions there is no contest.
constexpr std::size_t fewest_rows = 8;

// What a changed element takes on links as a rule, for videos in which nothing changes (docs/prediction.md).
constexpr double typical_pixel_bytes = 0.3;
constexpr double typical_feature_bytes = 2.5;

/// The rule of layers that need no fit, if their channels fit to it.
std::optional<Rule> fixed_rule(const Graph& graph, LayerIndex index) {
  if (index > 0 && graph.layer(index).inputs.empty()) return Rule::constant;
  std::optional<Rule> rule;
  switch (graph.layer(index).operation.type().change) {
    case ChangeRule::input:
      rule = Rule::input;
      break;
    case ChangeRule::same:
      rule = Rule::same;
      break;
    case ChangeRule::mean:
      rule = Rule::mean;
      break;
    case ChangeRule::concat:
      rule = Rule::concat;
      break;
    case ChangeRule::per_channel:
    case ChangeRule::sum:
    case ChangeRule::mixes:
      return std::nullopt;
  }
  return prediction::coefficient_count(graph, index, *rule) ? rule : std::nullopt;
}

/// One candidate in one round; round `folds` is the fit to everything.
struct Trial {
  LayerIndex layer = 0;
  std::size_t candidate = 0;
  std::size_t fold = 0;
  LayerPredictor fitted = {};
  double error = 0;
};

class LayerFits {
 public:
  LayerFits(const Graph& graph, const Statistics& statistics, int threads, const std::stop_token& stop)
      : graph_(graph),
        statistics_(statistics),
        stop_(stop),
        pool_(threads, "fit"),
        rows_(static_cast<std::size_t>(statistics.training)),
        layers_(static_cast<std::size_t>(graph.size())),
        samples_(layers_.size()),
        predicted_(layers_.size()) {}

  std::vector<LayerPredictor> fit();

 private:
  const LayerStatistics& of(LayerIndex layer) const {
    return statistics_.layers[static_cast<std::size_t>(layer)];
  }
  std::vector<LayerIndex> ready() const;
  void gather(LayerIndex layer);
  void contest(const std::vector<LayerIndex>& wave);
  void predict(LayerIndex layer);

  const Graph& graph_;
  const Statistics& statistics_;
  const std::stop_token& stop_;
  kernels::ThreadPool pool_;
  const std::size_t rows_;
  std::vector<LayerPredictor> layers_;
  std::vector<Samples> samples_;
  std::vector<std::vector<float>> predicted_;  ///< [rows x channels]; empty: not yet
};

std::vector<LayerIndex> LayerFits::ready() const {
  std::vector<LayerIndex> wave;
  for (LayerIndex layer = 0; layer < graph_.size(); ++layer) {
    const std::vector<LayerIndex>& inputs = graph_.layer(layer).inputs;
    const auto known = [&](LayerIndex l) { return !predicted_[static_cast<std::size_t>(l)].empty(); };
    if (!known(layer) && std::all_of(inputs.begin(), inputs.end(), known)) wave.push_back(layer);
  }
  return wave;
}

/// The samples of a layer: predicted rates of its inputs, true ones of its output.
void LayerFits::gather(LayerIndex index) {
  const Layer& layer = graph_.layer(index);
  const LayerStatistics& own = of(index);
  Samples& samples = samples_[static_cast<std::size_t>(index)];
  samples.outputs = own.channels;
  samples.y.assign(own.rates.begin(), own.rates.begin() + static_cast<std::ptrdiff_t>(rows_ * own.channels));
  if (index == 0) {
    samples.inputs = own.channels;
    samples.x = samples.y;
    return;
  }
  if (layer.inputs.empty()) return;
  for (const LayerIndex input : layer.inputs) samples.inputs += of(input).channels;
  samples.x.reserve(rows_ * samples.inputs);
  for (std::size_t row = 0; row < rows_; ++row) {
    for (const LayerIndex input : layer.inputs) {
      const std::vector<float>& rates = predicted_[static_cast<std::size_t>(input)];
      const std::size_t channels = of(input).channels;
      const auto begin = rates.begin() + static_cast<std::ptrdiff_t>(row * channels);
      samples.x.insert(samples.x.end(), begin, begin + static_cast<std::ptrdiff_t>(channels));
    }
  }
  // An element can change unless it stays zero.
  const std::vector<float>& nonzero = of(layer.inputs[0]).nonzero;
  for (std::size_t c = 0; c < own.channels; ++c) {
    const float before = nonzero.size() == own.channels ? std::max(nonzero[c], 0.05F) : 1.0F;
    samples.slopes.push_back(std::clamp(own.nonzero[c] / before, 0.0F, 2.0F));
  }
}

void LayerFits::contest(const std::vector<LayerIndex>& wave) {
  std::vector<Trial> trials;
  for (const LayerIndex layer : wave) {
    if (const std::optional<Rule> rule = fixed_rule(graph_, layer)) {
      layers_[static_cast<std::size_t>(layer)].rule = *rule;
      continue;
    }
    std::vector<std::size_t> inputs;
    for (const LayerIndex input : graph_.layer(layer).inputs) inputs.push_back(of(input).channels);
    const std::size_t candidates =
        rows_ < fewest_rows ? 1 : candidate_fits(graph_.layer(layer), inputs, of(layer).channels).size();
    for (std::size_t candidate = 0; candidate < candidates; ++candidate) {
      for (std::size_t fold = candidates == 1 ? folds : 0; fold <= folds; ++fold) {
        trials.push_back({.layer = layer, .candidate = candidate, .fold = fold});
      }
    }
  }
  pool_.parallel_for(static_cast<std::int64_t>(trials.size()), [&](std::int64_t i, int) {
    if (stop_.stop_requested()) throw Cancelled();
    Trial& trial = trials[static_cast<std::size_t>(i)];
    const Samples& samples = samples_[static_cast<std::size_t>(trial.layer)];
    std::vector<std::size_t> inputs;
    for (const LayerIndex input : graph_.layer(trial.layer).inputs) inputs.push_back(of(input).channels);
    const Fit candidate = candidate_fits(graph_.layer(trial.layer), inputs, samples.outputs)[trial.candidate];
    const auto left_out = [&](std::size_t row) { return row % folds == trial.fold; };
    if (trial.fold == folds) {
      trial.fitted = candidate(samples);
    } else {
      trial.error = mean_error(candidate(samples.select([&](std::size_t row) { return !left_out(row); })),
                               samples.select(left_out));
    }
  });
  // Trials of one candidate are neighbours, the last of them is the fit to everything.
  double error = 0;
  double best = 0;
  for (Trial& trial : trials) {
    if (trial.fold < folds) {
      error += trial.error;
      continue;
    }
    if (trial.candidate == 0 || error < best) {
      best = error;
      layers_[static_cast<std::size_t>(trial.layer)] = std::move(trial.fitted);
    }
    error = 0;
  }
}

void LayerFits::predict(LayerIndex index) {
  const auto at = static_cast<std::size_t>(index);
  Samples& samples = samples_[at];
  std::vector<float>& output = predicted_[at];
  output.resize(rows_ * samples.outputs);
  for (std::size_t row = 0; row < rows_; ++row) {
    prediction::apply_rule(layers_[at], {&samples.x[row * samples.inputs], samples.inputs},
                           {&output[row * samples.outputs], samples.outputs});
  }
  samples = {};
}

std::vector<LayerPredictor> LayerFits::fit() {
  assert(rows_ > 0);
  for (std::vector<LayerIndex> wave = ready(); !wave.empty(); wave = ready()) {
    for (const LayerIndex layer : wave) gather(layer);
    contest(wave);
    for (const LayerIndex layer : wave) predict(layer);
  }
  for (LayerIndex index = 0; index < graph_.size(); ++index) {
    const LayerStatistics& own = of(index);
    std::vector<double> rates(rows_);
    for (std::size_t i = 0; i < rows_ * own.channels; ++i) {
      rates[i / own.channels] += double{own.rates[i]} / static_cast<double>(own.channels);
    }
    const auto in_training = [&](std::vector<EncodedSample> list) {
      std::erase_if(list, [&](const EncodedSample& s) { return s.transition >= statistics_.training; });
      return list;
    };
    layers_[static_cast<std::size_t>(index)].bytes =
        fit_bytes(in_training(own.delta), in_training(own.raw), own.elements,
                  element_bytes(graph_.output_type(index)), rates);
  }
  return std::move(layers_);
}

}  // namespace

std::vector<LayerPredictor> fit_layers(const Graph& graph, const Statistics& statistics, int threads,
                                       const std::stop_token& stop) {
  return LayerFits(graph, statistics, threads, stop).fit();
}

ByteModel fit_bytes(const std::vector<EncodedSample>& delta, const std::vector<EncodedSample>& raw,
                    double elements, std::size_t element_bytes, const std::vector<double>& rates) {
  const double typical = element_bytes == 1 ? typical_pixel_bytes : typical_feature_bytes;
  // Per element of the sample: what it takes anyway, and what it takes if changed.
  std::vector<double> rows;
  std::vector<double> bytes;
  for (const EncodedSample& sample : delta) {
    if (sample.changed == 0) continue;
    rows.insert(rows.end(), {1, sample.changed / sample.elements});
    bytes.push_back(sample.bytes / sample.elements);
  }
  constexpr double weak = 1e-4;
  constexpr double fixed = 1e9;
  std::vector<double> line = least_squares(rows, bytes, std::vector<Prior>{{0, weak}, {typical, weak}});
  if (line[0] < 0) line = least_squares(rows, bytes, std::vector<Prior>{{0, fixed}, {typical, weak}});
  if (line[1] < 0) line = least_squares(rows, bytes, std::vector<Prior>{{0, weak}, {0, fixed}});
  ByteModel model{.base = std::max(line[0], 0.0) * elements,
                  .per_changed = std::max(line[1], 0.0),
                  // The value and its position: what single changes take.
                  .per_changed_at_most = static_cast<double>(element_bytes) + 1};
  double raw_bytes = 0;
  double raw_elements = 0;
  for (const EncodedSample& sample : raw) {
    raw_bytes += sample.bytes;
    raw_elements += sample.elements;
  }
  model.raw =
      raw_elements > 0 ? raw_bytes / raw_elements * elements : elements * static_cast<double>(element_bytes);
  for (const double rate : rates) model.mean += model.bytes(rate * elements);
  if (!rates.empty()) model.mean /= static_cast<double>(rates.size());
  return model;
}

}  // namespace edge::trainer
