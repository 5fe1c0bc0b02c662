// The network of a config: weights, number of classes, labels, and what devices compare.
#include "roles/model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/error.h"
#include "engine/models/models.h"
#include "tests/roles/weight_files.h"

namespace edge {
namespace {

class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  ModelConfig config(const std::string& weights = "") const {
    ModelConfig config{.name = "toy_dag", .rows = 32, .columns = 48};
    if (!weights.empty()) config.weights = path(weights);
    return config;
  }
  void save(const std::string& name, std::int64_t classes, std::uint64_t seed = 1) const {
    test::save_seeded_weights(make_model("toy_dag", {.rows = 32, .columns = 48, .classes = classes}), seed,
                              path(name));
  }
  std::string labels_of(int count) const {
    std::ofstream file(path("labels.txt"));
    for (int i = 0; i < count; ++i) file << "class " << i << '\n';
    return path("labels.txt");
  }
  static std::string refusal(const ModelConfig& config) {
    try {
      load_model(config);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("edge_model_" + std::to_string(::getpid()) + "_" +
                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

std::int64_t classes_of(const Model& model) {
  return model.graph.layer(model.graph.output()).output_shape[1];
}

TEST_F(ModelTest, random_weights_have_no_labels) {
  const Model model = load_model(config());
  EXPECT_EQ(model.text, "toy_dag, 32x48, seed 1");
  EXPECT_TRUE(model.labels.empty());
  EXPECT_EQ(classes_of(model), 1000);
}

TEST_F(ModelTest, weights_of_1000_classes_have_imagenets_names) {
  save("w.safetensors", 1000);
  const Model model = load_model(config("w.safetensors"));
  EXPECT_EQ(model.labels.size(), 1000U);
  EXPECT_EQ(model.labels.name(17), "jay");
  EXPECT_EQ(model.text.substr(0, 29), "toy_dag, 32x48, w.safetensors");
  EXPECT_NE(model.hash, load_model(config()).hash);

  ModelConfig features = config("w.safetensors");
  features.features_only = true;
  EXPECT_TRUE(load_model(features).labels.empty());
}

TEST_F(ModelTest, the_file_says_how_many_classes_there_are) {
  save("w.safetensors", 7);
  ModelConfig wanted = config("w.safetensors");
  EXPECT_EQ(classes_of(load_model(wanted)), 7);
  EXPECT_TRUE(load_model(wanted).labels.empty());
  wanted.labels = labels_of(7);
  EXPECT_EQ(load_model(wanted).labels.name(6), "class 6");
  wanted.labels = labels_of(8);
  EXPECT_EQ(refusal(wanted), wanted.labels + ": 8 names, but toy_dag has 7 classes; write one name per line");
}

TEST_F(ModelTest, other_values_make_another_hash) {
  save("a.safetensors", 7);
  save("b.safetensors", 7);
  save("c.safetensors", 7, 2);
  EXPECT_EQ(load_model(config("a.safetensors")).hash, load_model(config("b.safetensors")).hash);
  EXPECT_NE(load_model(config("a.safetensors")).hash, load_model(config("c.safetensors")).hash);
}

TEST_F(ModelTest, what_is_done_with_pixels_makes_another_hash) {
  ModelConfig normal = config();
  normal.preprocessing.mean.imagenet = normal.preprocessing.deviation.imagenet = true;
  EXPECT_NE(load_model(normal).hash, load_model(config()).hash);
  EXPECT_EQ(load_model(normal).text, "toy_dag, 32x48, normalize imagenet, seed 1");
  ModelConfig google = config();
  google.name = "googlenet";
  ModelConfig transformed = google;
  transformed.transform_input = true;
  EXPECT_NE(load_model(transformed).hash, load_model(google).hash);
}

TEST_F(ModelTest, what_does_not_fit) {
  EXPECT_EQ(refusal(config("missing.pth")),
            path("missing.pth") + ": cannot be opened: No such file or directory");
  save("w.safetensors", 7);
  ModelConfig other = config("w.safetensors");
  other.name = "alexnet";
  other.rows = other.columns = 224;
  EXPECT_EQ(refusal(other).find(path("w.safetensors") +
                                ": does not fit alexnet: missing: features.0.weight, features.0.bias, "),
            0U)
      << refusal(other);
}

}  // namespace
}  // namespace edge
