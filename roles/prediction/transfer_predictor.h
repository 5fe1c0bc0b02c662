// What the trainer has learnt of a network and a scene: how changes of the input frame spread through the
// layers, and how many bytes they take on a link. Immutable once made; safe to share between threads.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/array.h"
#include "engine/graph.h"

namespace edge::prediction {

/// Bytes that each layer's output takes on a link, by layer (0 is the input), encoded against the frame
/// before (`delta`) or without a base (`raw`).
struct TransferBytes {
  std::vector<double> delta;
  std::vector<double> raw;
};

/// The part of each channel's elements that differs between two frames of one type and shape (1xCxHxW),
/// 0..1.
std::vector<double> change_rates(const Array& frame, const Array& before);

class TransferPredictor {
 public:
  virtual ~TransferPredictor() = default;
  /// For a frame whose input channels changed by these rates.
  virtual TransferBytes predict(std::span<const double> input_rates) const = 0;
  /// Means over the training frames.
  virtual const TransferBytes& mean() const = 0;
};

/// Stands in as long as no trainer has been heard of: typical rates of a fixed camera, the same in all
/// layers.
std::shared_ptr<const TransferPredictor> untrained_predictor(const Graph& graph);

}  // namespace edge::prediction
