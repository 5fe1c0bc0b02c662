// The tensors of an ONNX file as the weights of its graph.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/onnx/value.h"
#include "engine/weights.h"

namespace edge::onnx {

/// Thread-safe. Values stay in the mapped file where they are float32 there.
class ConstantWeights final : public WeightSource {
 public:
  /// By the parameters' names.
  explicit ConstantWeights(std::map<std::string, Value> constants) : constants_(std::move(constants)) {}

  Array load(const ParameterSpec& parameter) const override;
  /// "onnx " and a SHA-256 over names, types, extents and values, computed when it is first asked for.
  std::string identity() const override;

 private:
  std::map<std::string, Value> constants_;
  mutable std::mutex mutex_;
  mutable std::string identity_;
};

}  // namespace edge::onnx
