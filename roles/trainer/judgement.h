// How good predictors are: what they say about held-out frames, and what was true. Pure functions,
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "roles/prediction/trained_predictor.h"
#include "roles/trainer/statistics.h"

namespace edge::trainer {

/// A true value and what was predicted.
struct Pair {
  int transition = 0;
  double truth = 0;
  double predicted = 0;
};

struct LayerJudgement {
  std::string name;
  std::string operation;
  std::string rule;
  double elements = 0;
  std::vector<Pair> rates;  ///< changed elements / elements, of every held-out transition
  std::vector<Pair> bytes;  ///< on a link, of those that were encoded
};

double mean_truth(const std::vector<Pair>& pairs);
double mean_absolute_error(const std::vector<Pair>& pairs);

/// By layer, over the transitions that the predictor has not seen.
std::vector<LayerJudgement> judge(const Graph& graph, const Statistics& statistics,
                                  const prediction::TrainedPredictor& predictor);

/// Several lines of UTF-8 text, each with a line feed.
std::string judgement_table(const std::vector<LayerJudgement>& layers);

/// "perceptron", "linear of mean" ...
const char* rule_name(prediction::Rule rule);

}  // namespace edge::trainer
