// Trained networks with golden outputs, if there are any: the environment variable EDGE_ONNX_MODELS names
// their directory (docs/building.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/npy.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

/// The directory, or empty: then these tests have nothing to do.
std::filesystem::path models() {
  const char* const directory = std::getenv("EDGE_ONNX_MODELS");
  return directory != nullptr ? directory : "";
}

bool have(const char* file) {
  return !models().empty() && std::filesystem::exists(models() / file);
}

/// Bytes of a .npy file of uint8 as numbers.
Tensor load_bytes(const std::filesystem::path& file, const Shape& shape) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  Tensor tensor(shape);
  if (bytes.size() < tensor.elements()) throw Error(file.string() + ": too short");
  const std::size_t begin = bytes.size() - tensor.elements();
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    tensor.data()[i] = static_cast<float>(static_cast<unsigned char>(bytes[begin + i]));
  }
  return tensor;
}

/// NHWC to NCHW.
Tensor channels_first(const Tensor& from) {
  const Shape& shape = from.shape();
  Tensor to({shape[0], shape[3], shape[1], shape[2]});
  const auto pixels = static_cast<std::size_t>(shape[1] * shape[2]);
  for (std::size_t i = 0; i < from.elements(); ++i) to.data()[i % 3 * pixels + i / 3] = from.data()[i];
  return to;
}

TensorMap run_whole(const onnx::Network& network, const Tensor& input, int threads) {
  Executor executor(network.graph, *network.weights, test::executor_options(threads));
  return executor.run_range(1, network.graph.size(), {{0, input}});
}

/// In parts at random cuts: as whole, bit for bit.
void expect_cuts_change_nothing(const onnx::Network& network, const Tensor& input, const TensorMap& whole) {
  test::Random random(7);
  for (int parts = 2; parts <= 5; ++parts) {
    std::vector<LayerIndex> cuts{1};
    for (int i = 1; i < parts; ++i) cuts.push_back(test::pick(random, 1, network.graph.size()));
    cuts.push_back(network.graph.size());
    std::sort(cuts.begin(), cuts.end());
    TensorMap boundary{{0, input}};
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      Executor executor(network.graph, *network.weights, test::executor_options(1));
      boundary = executor.run_range(cuts[i], cuts[i + 1], boundary);
    }
    for (const auto& [layer, tensor] : whole)
      EXPECT_TRUE(bit_equal(boundary.at(layer), tensor)) << parts << " parts";
  }
}

void check(const std::string& file, const Tensor& input, const std::string& goldens) {
  const onnx::Model model = onnx::read_model((models() / file).string());
  const onnx::Network network = onnx::import_network(model, input.shape()[2], input.shape()[3]);
  const TensorMap results = run_whole(network, input, 2);
  for (std::size_t i = 0; i < network.outputs.size(); ++i) {
    std::string name = network.output_names[i];
    std::replace(name.begin(), name.end(), ':', '_');
    const Tensor golden = load_npy((models() / (goldens + "-" + name + ".npy")).string());
    const double error = max_relative_error(results.at(network.outputs[i]), golden);
    std::printf("%s %s: %.1e\n", file.c_str(), name.c_str(), error);
    EXPECT_LT(error, 1e-4) << name;
  }
  expect_cuts_change_nothing(network, input, results);
}

/// NAME of each NAME.onnx with a NAME-input.npy, in order.
std::vector<std::string> models_with_input() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(models())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".onnx" && std::filesystem::exists(models() / (name + "-input.npy"))) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(OnnxModels, with_input) {
  if (models().empty()) GTEST_SKIP() << "EDGE_ONNX_MODELS is not set";
  for (const std::string& name : models_with_input()) {
    SCOPED_TRACE(name);
    const Tensor input = load_npy((models() / (name + "-input.npy")).string());
    const bool channels_last = input.shape()[1] != 3 && input.shape()[3] == 3;
    check(name + ".onnx", channels_last ? channels_first(input) : input, name);
  }
}

TEST(OnnxModels, nanodet_of_pixels) {
  if (!have("nanodet-g-rgb01.onnx")) GTEST_SKIP() << "EDGE_ONNX_MODELS names no directory with it";
  Tensor input = load_bytes(models() / "nanodet-g-rgb01-input.u8.npy", {1, 3, 416, 416});
  for (float& value : input.values()) value /= 255;
  check("nanodet-g-rgb01.onnx", input, "nanodet-g");
}

TEST(OnnxModels, text_detector) {
  if (!have("ppocr-det.onnx")) GTEST_SKIP() << "EDGE_ONNX_MODELS names no directory with it";
  Tensor input = load_bytes(models() / "ppocr-det-input.u8.npy", {1, 3, 480, 736});
  const float mean[] = {0.485F, 0.456F, 0.406F};
  const float deviation[] = {0.229F, 0.224F, 0.225F};
  for (std::size_t i = 0; i < input.elements(); ++i) {
    const std::size_t channel = i / (480 * 736);
    input.data()[i] = (input.data()[i] / 255 - mean[channel]) / deviation[channel];
  }
  check("ppocr-det.onnx", input, "ppocr-det");
}

}  // namespace
}  // namespace edge
