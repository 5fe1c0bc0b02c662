// The node tests that the ONNX project publishes, as Debian packages them: one small model per operator and
// case, with inputs and outputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/operators.h"
#include "engine/onnx/reader.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

using onnx::Constant;
using onnx::DataType;

const std::filesystem::path node_tests = "/usr/share/libonnx-testdata/data/node";

/// Cases of operators that can be imported, which cannot, and why.
const std::map<std::string, std::string>& unclaimed_cases() {
  const std::string three = "three spatial dimensions";
  const std::string training = "training mode";
  const std::string cubic = "cubic interpolation";
  static const std::map<std::string, std::string> cases{
      {"averagepool_3d_default", three},
      {"maxpool_3d_default", three},
      {"convtranspose_3d", three},
      {"batchnorm_epsilon_training_mode", training},
      {"batchnorm_example_training_mode", training},
      {"training_dropout", training},
      {"training_dropout_default", training},
      {"training_dropout_default_mask", training},
      {"training_dropout_mask", training},
      {"training_dropout_zero_ratio", training},
      {"training_dropout_zero_ratio_mask", training},
      {"cast_FLOAT_to_STRING", "strings"},
      {"cast_STRING_to_FLOAT", "strings"},
      {"identity_opt", "optional values"},
      {"identity_sequence", "sequences"},
      {"maxpool_with_argmax_2d_precomputed_pads", "indices of MaxPool"},
      {"maxpool_with_argmax_2d_precomputed_strides", "indices of MaxPool"},
      {"resize_downsample_scales_cubic", cubic},
      {"resize_downsample_scales_cubic_A_n0p5_exclude_outside", cubic},
      {"resize_downsample_scales_cubic_align_corners", cubic},
      {"resize_downsample_sizes_cubic", cubic},
      {"resize_upsample_scales_cubic", cubic},
      {"resize_upsample_scales_cubic_A_n0p5_exclude_outside", cubic},
      {"resize_upsample_scales_cubic_align_corners", cubic},
      {"resize_upsample_scales_cubic_asymmetric", cubic},
      {"resize_upsample_sizes_cubic", cubic},
      {"mod_int64_fmod", "fmod"},
      {"mod_mixed_sign_float16", "fmod"},
      {"mod_mixed_sign_float32", "fmod"},
      {"mod_mixed_sign_float64", "fmod"}};
  return cases;
}

Constant load_tensor(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const auto bytes = std::make_shared<const std::string>(std::istreambuf_iterator<char>(stream),
                                                         std::istreambuf_iterator<char>());
  return onnx::parse_tensor(*bytes, bytes, file.string());
}

std::vector<Constant> load_tensors(const std::filesystem::path& directory, const std::string& kind) {
  std::vector<Constant> tensors;
  for (int i = 0;; ++i) {
    const std::filesystem::path file = directory / (kind + "_" + std::to_string(i) + ".pb");
    if (!std::filesystem::exists(file)) return tensors;
    tensors.push_back(load_tensor(file));
  }
}

/// The published tensors of bfloat16 are called uint16.
Constant as_declared(const Constant& tensor, DataType declared) {
  if (declared != DataType::bfloat16 || tensor.type() != DataType::uint16) return tensor;
  return {declared, tensor.dims(), tensor.bytes(), tensor.owner()};
}

/// Which inputs the layers get; the others are known during import.
enum class Dynamic : std::uint8_t { all, first, none };

/// The message of the error with which the import refused, or what is wrong with the outputs; empty: nothing.
struct Outcome {
  bool imported = false;
  std::string problem;
};

std::string difference(const std::string& name, const Constant& expected, const Array& actual) {
  const onnx::Dimensions dims(actual.shape().extents().begin(), actual.shape().extents().end());
  if (dims != expected.dims()) {
    return name + " is " + onnx::to_string(dims) + " instead of " + onnx::to_string(expected.dims());
  }
  const bool half = expected.type() == DataType::float16 || expected.type() == DataType::bfloat16;
  const double tolerance = half ? 1e-3 : 2e-6;
  for (std::size_t i = 0; i < actual.elements(); ++i) {
    const double wanted = expected.number(i);
    const double value = double{actual.values()[i]};
    if (value == wanted || (std::isnan(value) && std::isnan(wanted))) continue;
    if (std::abs(value - wanted) <= tolerance + 10 * tolerance * std::abs(wanted)) continue;
    return name + "[" + std::to_string(i) + "] is " + std::to_string(value) + " instead of " +
           std::to_string(wanted);
  }
  return {};
}

Outcome run_case(const std::filesystem::path& directory, Dynamic dynamic) {
  onnx::Model model = onnx::read_model((directory / "model.onnx").string());
  const std::vector<Constant> inputs = load_tensors(directory / "test_data_set_0", "input");
  std::vector<Constant> outputs = load_tensors(directory / "test_data_set_0", "output");
  for (std::size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = as_declared(outputs[i], model.outputs.at(i).type);
  std::vector<onnx::InputBinding> bindings;
  std::vector<float> values;
  std::vector<onnx::ValueInfo> dynamic_inputs;
  for (std::size_t i = 0; i < model.inputs.size() && i < inputs.size(); ++i) {
    const Constant input = as_declared(inputs[i], model.inputs[i].type);
    const bool is_dynamic =
        input.elements() > 0 && (dynamic == Dynamic::all || (dynamic == Dynamic::first && i == 0));
    if (!is_dynamic) {
      model.initializers.insert_or_assign(model.inputs[i].name, input);
      continue;
    }
    StridedView view = StridedView::whole(input.dims());
    view.offset = static_cast<std::int64_t>(values.size());
    bindings.push_back({model.inputs[i].name, view, input.type()});
    for (const double number : input.numbers()) values.push_back(static_cast<float>(number));
    dynamic_inputs.push_back(model.inputs[i]);
  }
  model.inputs = dynamic_inputs;
  if (values.empty()) values.push_back(0);
  const Shape shape{static_cast<std::int64_t>(values.size())};
  // A result without elements is no tensor of the engine.
  for (std::size_t i = outputs.size(); i-- > 0;) {
    if (outputs[i].elements() == 0)
      model.outputs.erase(model.outputs.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (model.outputs.empty()) return {.imported = true, .problem = {}};

  Outcome outcome;
  try {
    const onnx::Network network = onnx::import_network(model, shape, bindings);
    outcome.imported = true;
    Executor executor(network.graph, *network.weights, test::executor_options(2));
    Tensor input(shape);
    std::copy(values.begin(), values.end(), input.data());
    std::vector<LayerIndex> wanted = network.outputs;
    std::sort(wanted.begin(), wanted.end());
    const TensorMap results = executor.run(test::all_layers(network.graph), {{0, input}}, wanted);
    std::size_t position = 0;
    for (const Constant& output : outputs) {
      if (output.elements() == 0) continue;
      const std::string problem =
          difference(network.output_names[position], output, results.at(network.outputs[position]));
      if (outcome.problem.empty()) outcome.problem = problem;
      ++position;
    }
  } catch (const Error& error) {
    outcome.problem = error.what();
  }
  return outcome;
}

/// Why a case is not ours; empty if it is.
std::string reason_not_claimed(const std::string& name, const std::filesystem::path& directory) {
  const auto listed = unclaimed_cases().find(name);
  if (listed != unclaimed_cases().end()) return listed->second;
  std::set<std::string> missing;
  try {
    const onnx::Model model = onnx::read_model((directory / "model.onnx").string());
    for (const auto* list : {&model.inputs, &model.outputs}) {
      for (const onnx::ValueInfo& value : *list) {
        if (value.type == DataType::string) missing.insert("strings");
      }
    }
    for (const onnx::Node& node : model.nodes) {
      const bool known = node.domain.empty() && onnx::find_operator(node.type) != nullptr;
      if (!known) missing.insert(node.type);
    }
  } catch (const Error& error) {
    return error.what();
  }
  std::string reason;
  for (const std::string& type : missing) reason += (reason.empty() ? "" : ", ") + type;
  return reason;
}

TEST(OnnxNodes, every_published_case_of_a_claimed_operator_passes) {
  ASSERT_TRUE(std::filesystem::is_directory(node_tests))
      << node_tests << " is missing: install the package libonnx-testdata";
  std::vector<std::filesystem::path> directories;
  for (const auto& entry : std::filesystem::directory_iterator(node_tests))
    directories.push_back(entry.path());
  std::sort(directories.begin(), directories.end());
  int passed = 0;
  int not_claimed = 0;
  for (const std::filesystem::path& directory : directories) {
    const std::string name = directory.filename().string().substr(5);  // without "test_"
    const std::string reason = reason_not_claimed(name, directory);
    if (!reason.empty()) {
      std::printf("not claimed  %-60s %s\n", name.c_str(), reason.c_str());
      ++not_claimed;
      continue;
    }
    bool imported = false;
    std::string problem;
    for (const Dynamic dynamic : {Dynamic::all, Dynamic::first, Dynamic::none}) {
      const Outcome outcome = run_case(directory, dynamic);
      // What only the network could know is refused; then it must be known.
      const bool asks =
          !outcome.imported && outcome.problem.find("must be known beforehand") != std::string::npos;
      imported |= outcome.imported;
      if (!asks && problem.empty()) problem = outcome.problem;
      if (problem.empty() && asks && dynamic == Dynamic::none) problem = outcome.problem;
    }
    if (problem.empty() && imported) {
      std::printf("passed       %s\n", name.c_str());
      ++passed;
    } else {
      ADD_FAILURE() << name << ": " << problem;
    }
  }
  std::printf("%d passed, %d are not claimed, of %zu\n", passed, not_claimed, directories.size());
  EXPECT_GE(passed, 170);
}

}  // namespace
}  // namespace edge
