// Writes a built-in network with its weights as an ONNX file, module by module.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "engine/weights.h"
#include "tests/engine/onnx_support.h"

namespace edge::test {

class OnnxExporter {
 public:
  OnnxExporter(const Graph& graph, const WeightSource& weights) : graph_(graph), weights_(weights) {
    const Shape& input = graph.layer(0).output_shape;
    file_.input("input", {input.extents().begin(), input.extents().end()});
    for (LayerIndex index = 1; index < graph.size(); ++index) write(graph.layer(index));
    file_.output(graph.layer(graph.output()).name);
  }

  const OnnxFile& file() const { return file_; }

 private:
  std::string input(const Layer& layer, std::size_t i = 0) const {
    return graph_.layer(layer.inputs[i]).name;
  }

  std::string parameter(const ParameterSpec& parameter) {
    const Array tensor = weights_.load(parameter);
    const auto extents = parameter.shape.extents();
    file_.initializer(parameter.name, {extents.begin(), extents.end()},
                      {tensor.values().begin(), tensor.values().end()});
    return parameter.name;
  }

  void write(const Layer& layer) {
    const Operation& operation = layer.operation;
    const auto node = [&](const std::string& type, const std::vector<std::string>& attributes = {}) {
      file_.node(type, {input(layer)}, {layer.name}, attributes, layer.name);
    };
    const auto pair = [](const Extent2d& extent) { return Dimensions{extent.rows, extent.columns}; };
    const auto both_sides = [](const Extent2d& e) {
      return Dimensions{e.rows, e.columns, e.rows, e.columns};
    };
    if (const auto* conv = operation.as<Conv2dLayer>()) {
      write_convolution(layer, *conv);
    } else if (operation.is<ReluLayer>()) {
      node("Relu");
    } else if (operation.is<Relu6Layer>()) {
      file_.initializer(layer.name + ".0", {}, {0}).initializer(layer.name + ".6", {}, {6});
      file_.node("Clip", {input(layer), layer.name + ".0", layer.name + ".6"}, {layer.name});
    } else if (const auto* pool = operation.as<MaxPool2dLayer>()) {
      node("MaxPool",
           {attribute("kernel_shape", pair(pool->kernel)), attribute("strides", pair(pool->stride)),
            attribute("pads", both_sides(pool->padding)), attribute("ceil_mode", pool->ceil_mode ? 1 : 0)});
    } else if (const auto* average = operation.as<AveragePool2dLayer>()) {
      node("AveragePool",
           {attribute("kernel_shape", pair(average->kernel)), attribute("strides", pair(average->stride)),
            attribute("pads", both_sides(average->padding)),
            attribute("ceil_mode", average->ceil_mode ? 1 : 0),
            attribute("count_include_pad", average->count_include_pad ? 1 : 0)});
    } else if (const auto* adaptive = operation.as<AdaptiveAveragePool2dLayer>()) {
      ASSERT_EQ(adaptive->output, (Extent2d{1, 1})) << "there is no such operator";
      node("GlobalAveragePool");
    } else if (operation.is<FlattenLayer>()) {
      node("Flatten");
    } else if (operation.is<DropoutLayer>()) {
      node("Dropout");
    } else if (operation.is<ConcatLayer>() || operation.is<AddLayer>()) {
      std::vector<std::string> inputs;
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) inputs.push_back(input(layer, i));
      const bool concat = operation.is<ConcatLayer>();
      file_.node(concat ? "Concat" : "Add", inputs, {layer.name},
                 concat ? std::vector<std::string>{attribute("axis", 1)} : std::vector<std::string>{});
    } else if (operation.is<LinearLayer>()) {
      std::vector<std::string> inputs{input(layer)};
      for (const ParameterSpec& spec : layer.parameters) inputs.push_back(parameter(spec));
      file_.node("Gemm", inputs, {layer.name}, {attribute("transB", 1)});
    } else if (operation.is<BatchNorm2dLayer>()) {
      write_norm(layer.parameters, input(layer), layer.name, operation.get<BatchNorm2dLayer>().epsilon);
    } else {
      FAIL() << operation_name(operation) << " cannot be written";
    }
  }

  void write_convolution(const Layer& layer, const Conv2dLayer& conv) {
    const std::string result = conv.norm ? layer.name + ".conv" : layer.name;
    std::vector<std::string> inputs{input(layer), parameter(layer.parameters[0])};
    if (conv.bias) inputs.push_back(parameter(layer.parameters[1]));
    const Extent2d& p = conv.padding;
    file_.node("Conv", inputs, {result},
               {attribute("kernel_shape", Dimensions{conv.kernel.rows, conv.kernel.columns}),
                attribute("strides", Dimensions{conv.stride.rows, conv.stride.columns}),
                attribute("dilations", Dimensions{conv.dilation.rows, conv.dilation.columns}),
                attribute("pads", Dimensions{p.rows, p.columns, p.rows, p.columns}),
                attribute("group", conv.groups)});
    if (!conv.norm) return;
    const std::vector<ParameterSpec> norm(layer.parameters.begin() + (conv.bias ? 2 : 1),
                                          layer.parameters.end());
    write_norm(norm, result, layer.name, conv.norm->epsilon);
  }

  void write_norm(const std::vector<ParameterSpec>& parameters, const std::string& from,
                  const std::string& to, double epsilon) {
    std::vector<std::string> inputs{from};
    for (const ParameterSpec& spec : parameters) inputs.push_back(parameter(spec));
    file_.node("BatchNormalization", inputs, {to}, {attribute("epsilon", static_cast<float>(epsilon))});
  }

  const Graph& graph_;
  const WeightSource& weights_;
  OnnxFile file_;
};

}  // namespace edge::test
