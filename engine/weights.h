// Where a network's parameters come from.
#pragma once

#include <cstdint>
#include <string>

#include "engine/layer.h"
#include "engine/tensor.h"

namespace edge {

/// Thread-safe.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// The parameter's values; may be a view of a mapped file. Throws Error if it is missing or has another
  /// shape.
  virtual Array load(const ParameterSpec& parameter) const = 0;
  /// Throws Error if what load() gave, or will give, is no longer what identity() stands for. Cheap.
  virtual void check_unchanged() const {}
  /// What distinguishes these weights from others ("seed 1", a file's hash), for the model hash.
  virtual std::string identity() const = 0;
};

/// Seeded initialisation: Kaiming-uniform weights (He et al. 2015, eq. 10: bound sqrt(6 / fan_in), which
/// keeps the scale of activations through ReLU layers), small uniform biases, batch-norm statistics near 0
/// and 1. Each parameter's values depend only on the seed, its name and its shape, and are bit-identical on
/// every platform.
class SeededWeights final : public WeightSource {
 public:
  explicit SeededWeights(std::uint64_t seed) : seed_(seed) {}
  Array load(const ParameterSpec& parameter) const override;
  std::string identity() const override;

 private:
  std::uint64_t seed_;
};

}  // namespace edge
