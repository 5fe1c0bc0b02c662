#include "engine/onnx/constant_weights.h"

#include "engine/error.h"
#include "engine/model_hash.h"
#include "engine/quoted_name.h"

namespace edge::onnx {

Array ConstantWeights::load(const ParameterSpec& parameter) const {
  const auto found = constants_.find(parameter.name);
  if (found == constants_.end()) throw Error("there is no parameter " + quoted_name(parameter.name));
  const Value& value = found->second;
  if (value.elements() != parameter.shape.elements()) {
    throw Error("parameter " + quoted_name(parameter.name) + " is " + to_string(value.dims()) +
                " instead of " + parameter.shape.to_string());
  }
  return tensor_of(value, parameter.shape);
}

std::string ConstantWeights::identity() const {
  const std::lock_guard lock(mutex_);
  if (identity_.empty()) {
    std::string digests;
    for (const auto& [name, value] : constants_) {
      digests += name + " " + type_name(value.constant->type()) + " as " + type_name(value.type) + " " +
                 value.view.to_string() + " " + sha256(value.constant->bytes()) + "\n";
    }
    identity_ = "onnx " + sha256(digests);
  }
  return identity_;
}

}  // namespace edge::onnx
