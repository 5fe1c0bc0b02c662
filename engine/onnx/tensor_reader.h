// TensorProto to Constant. Thread-safe. Throws Error without the file's name.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/onnx/constant.h"
#include "engine/onnx/reader.h"

namespace edge::onnx {

struct NamedConstant {
  std::string name;
  Constant constant;
};

/// `bytes` is the message, kept alive by `owner`. Tensors of strings become such without values.
NamedConstant read_tensor(std::string_view bytes, const std::shared_ptr<const void>& owner,
                          ExternalData* external);

}  // namespace edge::onnx
