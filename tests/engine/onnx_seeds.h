// The seeds of the fuzz target fuzz_onnx: small files that reach most of the reader and the importer.
#pragma once

#include <map>
#include <string>

#include "tests/engine/onnx_support.h"

namespace edge::test {

/// By file name in tests/fuzz/corpus/onnx.
inline std::map<std::string, std::string> onnx_seeds() {
  std::map<std::string, std::string> seeds;
  const std::vector<float> kernel(2 * 3 * 3 * 3, 0.25F);
  seeds["conv"] = OnnxFile()
                      .input("x", {1, 3, -1, -1})
                      .initializer("w", {2, 3, 3, 3}, kernel)
                      .initializer("b", {2}, {0.5F, -0.5F})
                      .node("Conv", {"x", "w", "b"}, {"y"},
                            {attribute("pads", {0, 1, 1, 0}), attribute("kernel_shape", {3, 3})})
                      .node("Relu", {"y"}, {"z"})
                      .output("z")
                      .bytes();
  seeds["shapes"] =
      OnnxFile()
          .input("x", {1, 3, -1, -1})
          .node("Shape", {"x"}, {"shape"})
          .node("Constant", {}, {"one"},
                {tensor_attribute("value", tensor_message_of_list("", DataType::int64, {1}, 7, {1}))})
          .node("Gather", {"shape", "one"}, {"channels"}, {attribute("axis", 0)})
          .node("Constant", {}, {"rest"},
                {tensor_attribute("value", tensor_message_of_list("", DataType::int64, {2}, 7, {1, -1}))})
          .node("Concat", {"channels", "rest"}, {"target"}, {attribute("axis", 0)})
          .node("Reshape", {"x", "target"}, {"y"})
          .node("Transpose", {"y"}, {"z"}, {attribute("perm", {1, 0, 2})})
          .output("z")
          .bytes();
  seeds["types"] =
      OnnxFile(9, 3)
          .input("x", {1, 3, 4, 4})
          .message(5, tensor_message("h", DataType::float16, {3}, std::string("\0\x3c\0\x40\0\x42", 6)))
          .message(5, tensor_message_of_list("q", DataType::bfloat16, {1}, 5, {0x3f80}))
          .node("Cast", {"h"}, {"f"}, {attribute("to", 1)})
          .node("Unsqueeze", {"f"}, {"g"}, {attribute("axes", {0, 2, 3})})
          .node("Mul", {"x", "g"}, {"y"})
          .node("LeakyRelu", {"y"}, {"z"}, {attribute("alpha", 0.1F)})
          .output("z")
          .bytes();
  seeds["split"] = OnnxFile(13, 7)
                       .input("x", {1, 6, 4, 4})
                       .initializer("sizes", {2, 4})
                       .initializer("scales", {4}, {1, 1, 2, 2})
                       .node("Split", {"x", "sizes"}, {"a", "b"}, {attribute("axis", 1)})
                       .node("MaxPool", {"a"}, {"p"},
                             {attribute("kernel_shape", {2, 2}), text_attribute("auto_pad", "SAME_UPPER")})
                       .node("Resize", {"b", "", "scales"}, {"r"}, {text_attribute("mode", "linear")})
                       .output("p")
                       .output("r")
                       .bytes();
  return seeds;
}

}  // namespace edge::test
