// Any bytes as an ONNX file: refused with one line, or a model whose tensors lie where they may; then
// imported for a small picture: refused with one line, or a graph with all of its parameters.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"
#include "tests/fuzz/weight_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  try {
    const edge::onnx::Model model = edge::onnx::parse_model(*bytes, bytes, "fuzz", nullptr);
    for (const auto& [name, constant] : model.initializers) {
      if (constant.type() == edge::onnx::DataType::string) continue;
      if (constant.bytes().size() != constant.elements() * edge::onnx::size_of(constant.type())) std::abort();
      if (constant.elements() > 0) constant.number(constant.elements() - 1);
    }
    const edge::onnx::Network network = edge::onnx::import_network(model, 16, 24);
    for (const edge::Layer& layer : network.graph.layers()) {
      for (const edge::ParameterSpec& parameter : layer.parameters) {
        if (parameter.shape.elements() < 1 << 20) network.weights->load(parameter);
      }
    }
  } catch (const edge::Error& error) {
    edge::fuzz::check_message(error);
  }
  return 0;
}
