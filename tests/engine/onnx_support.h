// Writes small ONNX files, for the tests of everything that reads them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/onnx/constant.h"
#include "engine/onnx/reader.h"

namespace edge::test {

using onnx::DataType;
using onnx::Dimensions;

/// The bytes of numbers as they lie in memory.
template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  std::string bytes(numbers.size() * sizeof(Number), '\0');
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

/// A TensorProto with its values in raw_data.
inline std::string tensor_message(const std::string& name, DataType type, const Dimensions& dims,
                                  const std::string& raw) {
  std::string bytes;
  protozero::pbf_writer tensor(bytes);
  tensor.add_packed_int64(1, dims.begin(), dims.end());
  tensor.add_int32(2, static_cast<std::int32_t>(type));
  tensor.add_string(8, name);
  tensor.add_bytes(9, raw);
  return bytes;
}

/// The same with values of variable length in `field` (int32_data, int64_data or uint64_data).
inline std::string tensor_message_of_list(const std::string& name, DataType type, const Dimensions& dims,
                                          std::uint32_t field, const std::vector<std::int64_t>& values) {
  std::string bytes;
  protozero::pbf_writer tensor(bytes);
  tensor.add_packed_int64(1, dims.begin(), dims.end());
  tensor.add_int32(2, static_cast<std::int32_t>(type));
  tensor.add_packed_int64(field, values.begin(), values.end());
  tensor.add_string(8, name);
  return bytes;
}

/// One with its values in another file.
inline std::string external_tensor_message(const std::string& name, DataType type, const Dimensions& dims,
                                           const std::vector<std::pair<std::string, std::string>>& place) {
  std::string bytes;
  protozero::pbf_writer tensor(bytes);
  tensor.add_packed_int64(1, dims.begin(), dims.end());
  tensor.add_int32(2, static_cast<std::int32_t>(type));
  tensor.add_string(8, name);
  for (const auto& [key, value] : place) {
    std::string entry;
    protozero::pbf_writer writer(entry);
    writer.add_string(1, key);
    writer.add_string(2, value);
    tensor.add_message(13, entry);
  }
  tensor.add_int32(14, 1);
  return bytes;
}

// Attributes.

inline std::string attribute(const std::string& name, std::int64_t value) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  writer.add_int64(3, value);
  writer.add_int32(20, 2);
  return bytes;
}

inline std::string attribute(const std::string& name, int value) {
  return attribute(name, static_cast<std::int64_t>(value));
}

inline std::string attribute(const std::string& name, float value) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  writer.add_float(2, value);
  writer.add_int32(20, 1);
  return bytes;
}

inline std::string text_attribute(const std::string& name, const std::string& value) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  writer.add_bytes(4, value);
  writer.add_int32(20, 3);
  return bytes;
}

inline std::string attribute(const std::string& name, const Dimensions& values) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  for (const std::int64_t value : values) writer.add_int64(8, value);  // not packed, as ONNX itself writes it
  writer.add_int32(20, 7);
  return bytes;
}

/// A tensor, a TensorProto's bytes; named apart, for a string converts to it too easily.
inline std::string tensor_attribute(const std::string& name, const std::string& tensor) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  writer.add_message(5, tensor);
  writer.add_int32(20, 4);
  return bytes;
}

/// A graph, as If and Loop have it.
inline std::string graph_attribute(const std::string& name) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, name);
  writer.add_message(6, std::string());
  writer.add_int32(20, 5);
  return bytes;
}

/// A ModelProto that grows.
class OnnxFile {
 public:
  explicit OnnxFile(std::int64_t opset = 13, std::int64_t ir_version = 8)
      : opset_(opset), ir_version_(ir_version) {}

  OnnxFile& node(const std::string& type, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs, const std::vector<std::string>& attributes = {},
                 const std::string& name = "", const std::string& domain = "") {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    for (const std::string& input : inputs) writer.add_string(1, input);
    for (const std::string& output : outputs) writer.add_string(2, output);
    if (!name.empty()) writer.add_string(3, name);
    writer.add_string(4, type);
    for (const std::string& attribute : attributes) writer.add_message(5, attribute);
    if (!domain.empty()) writer.add_string(7, domain);
    return message(1, bytes);
  }

  /// -1: an extent with a name instead of a number.
  OnnxFile& input(const std::string& name, const Dimensions& dims, DataType type = DataType::float32) {
    return message(11, value_info(name, dims, type));
  }
  OnnxFile& output(const std::string& name, const Dimensions& dims = {}, DataType type = DataType::float32) {
    return message(12, value_info(name, dims, type));
  }

  OnnxFile& initializer(const std::string& name, const Dimensions& dims, const std::vector<float>& values) {
    return message(5, tensor_message(name, DataType::float32, dims, bytes_of(values)));
  }
  OnnxFile& initializer(const std::string& name, const std::vector<std::int64_t>& values) {
    return message(5, tensor_message(name, DataType::int64, {static_cast<std::int64_t>(values.size())},
                                     bytes_of(values)));
  }
  /// A field of the GraphProto.
  OnnxFile& message(std::uint32_t field, const std::string& bytes) {
    protozero::pbf_writer(graph_).add_message(field, bytes);
    return *this;
  }

  std::string bytes() const {
    std::string opset;
    protozero::pbf_writer(opset).add_string(1, "");
    protozero::pbf_writer(opset).add_int64(2, opset_);
    std::string model;
    protozero::pbf_writer writer(model);
    writer.add_int64(1, ir_version_);
    writer.add_string(2, "edge's tests");
    writer.add_message(7, graph_);
    writer.add_message(8, opset);
    return model;
  }

  /// Read back.
  onnx::Model model(onnx::ExternalData* external = nullptr) const {
    const auto owner = std::make_shared<const std::string>(bytes());
    return onnx::parse_model(*owner, owner, "test.onnx", external);
  }

 private:
  static std::string value_info(const std::string& name, const Dimensions& dims, DataType type) {
    std::string shape;
    for (const std::int64_t extent : dims) {
      std::string dimension;
      if (extent < 0) {
        protozero::pbf_writer(dimension).add_string(2, "height");
      } else {
        protozero::pbf_writer(dimension).add_int64(1, extent);
      }
      protozero::pbf_writer(shape).add_message(1, dimension);
    }
    std::string tensor;
    protozero::pbf_writer(tensor).add_int32(1, static_cast<std::int32_t>(type));
    protozero::pbf_writer(tensor).add_message(2, shape);
    std::string info;
    protozero::pbf_writer(info).add_string(1, name);
    std::string kind;
    protozero::pbf_writer(kind).add_message(1, tensor);
    protozero::pbf_writer(info).add_message(2, kind);
    return info;
  }

  std::int64_t opset_;
  std::int64_t ir_version_;
  std::string graph_;
};

}  // namespace edge::test
