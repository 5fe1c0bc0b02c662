// Activations that exporters write as several nodes. One thread.
#pragma once

#include <optional>

#include "engine/onnx/node_context.h"

namespace edge::onnx {

/// The activation of `input` that a product, quotient or sum makes, if it is one.
struct RecognisedActivation {
  LayerIndex input = 0;
  Activation activation = {};
};

/// Of a * b: hard swish, SiLU, Mish, and what a factor of 1/6 completes.
std::optional<RecognisedActivation> recognise_product(const GraphBuilder& builder, const Value& a,
                                                      const Value& b);
/// Of a / number.
std::optional<RecognisedActivation> recognise_quotient(const GraphBuilder& builder, const Value& a,
                                                       double number);

}  // namespace edge::onnx
