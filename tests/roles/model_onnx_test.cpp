// Networks whose name is an ONNX file: from the config to the hash that devices compare.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/error.h"
#include "roles/config/config.h"
#include "roles/model.h"
#include "tests/engine/onnx_support.h"

namespace edge {
namespace {

class ModelOnnx : public ::testing::Test {
 protected:
  ModelOnnx() { std::filesystem::create_directories(directory_); }
  ~ModelOnnx() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
    return (directory_ / name).string();
  }
  /// A convolution to one channel; rows of -1: any picture.
  std::string write_network(const std::string& name, float weight, std::int64_t rows,
                            std::int64_t columns) const {
    return write(name, test::OnnxFile()
                           .input("x", {1, 3, rows, columns})
                           .initializer("w", {1, 3, 1, 1}, {weight, 2, 3})
                           .node("Conv", {"x", "w"}, {"y"})
                           .output("y")
                           .bytes());
  }
  Config config(const std::string& lines) const {
    return load_config(
        write("config.toml", "[model]\n" + lines + "\n[[workers]]\naddress = \"127.0.0.1:7701\"\n"));
  }
  template <class Action>
  static std::string refusal(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_onnx_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ModelOnnx, the_file_says_which_frames_it_takes) {
  const std::string file = write_network("fixed.onnx", 1, 8, 12);
  const ModelConfig fixed = config("name = \"fixed.onnx\"").model;
  EXPECT_EQ(fixed.name, file);  // beside the config
  EXPECT_EQ(fixed.rows, 8);
  EXPECT_EQ(fixed.columns, 12);
  write_network("any.onnx", 1, -1, -1);
  EXPECT_EQ(config("name = \"any.onnx\"").model.rows, 480);
  const ModelConfig wanted = config("name = \"any.onnx\"\nframe_size = [16, 32]").model;
  EXPECT_EQ(load_network(wanted).graph.layer(0).output_shape, Shape({1, 3, 16, 32}));
  const ModelConfig other = config("name = \"fixed.onnx\"\nframe_size = [16, 32]").model;
  EXPECT_EQ(refusal([&] { load_network(other); }),
            (directory_ / "config.toml").string() + ":2: model.name: " + file +
                ": takes pictures of 8 x 12 (rows x columns), not 16 x 32: leave frame_size (--size) out, or "
                "set it to that");
}

TEST_F(ModelOnnx, a_size_that_does_not_fit_inside_is_told_with_the_next_that_does) {
  write("halves.onnx",
        test::OnnxFile()
            .input("x", {1, 3, -1, -1})
            .initializer("w", {12, 3, 8, 8}, std::vector<float>(12 * 3 * 64, 1))
            .node("Conv", {"x", "w"}, {"small"}, {test::attribute("strides", {8, 8})})
            .node("DepthToSpace", {"small"}, {"twice"}, {test::attribute("blocksize", 2)})
            .node("MaxPool", {"x"}, {"pooled"},
                  {test::attribute("kernel_shape", {4, 4}), test::attribute("strides", {4, 4})})
            .node("Add", {"twice", "pooled"}, {"y"})
            .output("y")
            .bytes());
  const std::string message =
      refusal([&] { load_network(config("name = \"halves.onnx\"\nframe_size = [32, 44]").model); });
  EXPECT_NE(
      message.find("with frames of 32x44; the next size that the network takes: frame_size = [32, 48] in "
                   "[model], or --size 32x48"),
      std::string::npos)
      << message;
  EXPECT_EQ(refusal([&] { load_network(config("name = \"halves.onnx\"\nframe_size = [32, 48]").model); }),
            "no error");
}

TEST_F(ModelOnnx, devices_compare_graph_and_weights) {
  write_network("a.onnx", 1, 8, 12);
  const Model model = load_model(config("name = \"a.onnx\"").model);
  EXPECT_EQ(model.hash, load_model(config("name = \"a.onnx\"").model).hash);
  EXPECT_EQ(model.text.substr(0, 19), "a.onnx, 8x12, onnx ");
  write_network("a.onnx", 5, 8, 12);
  EXPECT_NE(model.hash, load_model(config("name = \"a.onnx\"").model).hash);
}

TEST_F(ModelOnnx, normalization_is_a_layer_in_front) {
  write_network("a.onnx", 1, 8, 12);
  const Network network = load_network(config("name = \"a.onnx\"\nnormalize = \"imagenet\"").model);
  EXPECT_EQ(network.graph.layer(1).name, "normalize");
  EXPECT_EQ(network.graph.outputs(), (std::vector<LayerIndex>{2}));
}

TEST_F(ModelOnnx, what_only_built_in_networks_have_is_refused) {
  const std::string file = write_network("a.onnx", 1, 8, 12);
  EXPECT_EQ(refusal([&] { load_network(config("name = \"a.onnx\"\nfeatures_only = true").model); }),
            (directory_ / "config.toml").string() + ":3: model.features_only: " + file +
                ": an ONNX file has no features_only; leave it out");
  EXPECT_NE(refusal([&] {
              load_network(config("name = \"a.onnx\"\nweights = \"w.pth\"").model);
            }).find("no other weights than its own; leave it out"),
            std::string::npos);
  EXPECT_NE(refusal([&] { config("name = \"none.onnx\""); }).find("none.onnx"), std::string::npos);
}

}  // namespace
}  // namespace edge
