#include "engine/onnx/operators.h"

namespace edge::onnx {

const Operator* find_operator(const std::string& type) {
  for (const auto list :
       {arithmetic_operators, convolution_operators, function_operators, normalization_operators,
        pooling_operators, product_operators, rearranging_operators, reduction_operators, resize_operators,
        selection_operators, shape_operators}) {
    for (const Operator& candidate : list()) {
      if (type == candidate.type) return &candidate;
    }
  }
  return nullptr;
}

}  // namespace edge::onnx
