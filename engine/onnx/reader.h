// Reads ONNX files (IR versions 3 to 10, opsets 7 to 21), a protobuf format. Thread-safe. What a file says is
// checked before it is believed: every fault is an Error, one line with the file's name. Memory is bounded by
// the file's size: values stay where they are in the mapped file, unless they are stored as variable-length
// integers.
#pragma once

#include <string>
#include <string_view>

#include "engine/onnx/model.h"

namespace edge::onnx {

/// Finds the bytes of tensors that lie in files of their own.
class ExternalData {
 public:
  virtual ~ExternalData() = default;
  struct Bytes {
    std::string_view bytes;
    std::shared_ptr<const void> owner;
  };
  /// All bytes of the file `location`. Throws Error.
  virtual Bytes open(const std::string& location) = 0;
};

/// Maps the file, and the files of external data beside it: those within its directory only.
Model read_model(const std::string& file);

/// The same of bytes in memory, which `owner` keeps alive; `external` null: a tensor in a file of its own is
/// an error.
Model parse_model(std::string_view bytes, std::shared_ptr<const void> owner, const std::string& file,
                  ExternalData* external);

/// A TensorProto alone, as files of test data have it.
Constant parse_tensor(std::string_view bytes, std::shared_ptr<const void> owner, const std::string& file);

}  // namespace edge::onnx
