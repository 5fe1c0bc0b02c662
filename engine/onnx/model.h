// What an ONNX file says, as plain structs: nothing is computed or judged yet beyond sizes and types.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/mapped_file.h"
#include "engine/onnx/constant.h"

namespace edge::onnx {

struct Attribute {
  enum class Kind : std::uint8_t { none, number, integer, text, numbers, integers, tensor, other };
  std::string name;
  Kind kind =
      Kind::none;  ///< other: graphs, types, sparse tensors and lists of strings, whose values are not kept
  float number = 0;
  std::int64_t integer = 0;
  std::string text;
  std::vector<float> numbers;
  std::vector<std::int64_t> integers;
  Constant tensor;
};

struct Node {
  std::string name;                 ///< may be empty
  std::string type;                 ///< "Conv"
  std::string domain;               ///< empty: ONNX's own
  std::vector<std::string> inputs;  ///< names of values; an empty one is not given
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;

  /// Null if it has none of this name.
  const Attribute* find(const std::string& attribute) const;
};

/// An input or output of the graph.
struct ValueInfo {
  std::string name;
  DataType type = DataType::undefined;  ///< undefined: no tensor
  bool has_shape = false;
  Dimensions dims;  ///< -1: not known before there is an input
};

struct Model {
  std::string file;  ///< as given, for messages
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;  ///< of ONNX's own operators
  std::vector<Node> nodes;
  std::map<std::string, Constant> initializers;
  std::vector<ValueInfo> inputs;  ///< without those that are initialisers
  std::vector<ValueInfo> outputs;
};

}  // namespace edge::onnx
