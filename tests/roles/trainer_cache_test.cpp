// The predictor cache: what comes back, and what counts as missing with one line that says why.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/models/models.h"
#include "roles/prediction/predictor_bytes.h"
#include "roles/trainer/predictor_cache.h"

namespace edge::trainer {
namespace {

using prediction::Predictors;

class PredictorCacheTest : public testing::Test {
 protected:
  PredictorCacheTest() {
    std::string name = (std::filesystem::temp_directory_path() / "edge-predictors-XXXXXX").string();
    root_ = mkdtemp(name.data());
    for (LayerIndex layer = 0; layer < graph_.size(); ++layer) {
      std::uint8_t rule = 0;
      while (!prediction::coefficient_count(graph_, layer, static_cast<prediction::Rule>(rule))) ++rule;
      predictors_.layers.push_back({.rule = static_cast<prediction::Rule>(rule)});
      predictors_.layers.back().coefficients.resize(
          *prediction::coefficient_count(graph_, layer, predictors_.layers.back().rule), 0.5F);
    }
  }
  ~PredictorCacheTest() override { std::filesystem::remove_all(root_); }

  PredictorKey key() const { return key_of(predictors_); }
  PredictorCache cache() const { return PredictorCache(root_ / "below"); }
  std::filesystem::path file() const { return cache().file_of(key()); }
  std::string read() const {
    std::stringstream text;
    text << std::ifstream(file(), std::ios::binary).rdbuf();
    return text.str();
  }
  void write(const std::string& text) const {
    std::filesystem::create_directories(file().parent_path());
    std::ofstream(file(), std::ios::binary) << text;
  }
  /// The warning without the file name in front; nothing must be loaded.
  std::string warning() const {
    const PredictorCache::Loaded loaded = cache().load(key(), graph_);
    EXPECT_FALSE(loaded.predictors);
    EXPECT_EQ(loaded.warning.find('\n'), std::string::npos);
    const std::string front = file().string() + ": ";
    return loaded.warning.compare(0, front.size(), front) == 0 ? loaded.warning.substr(front.size())
                                                               : loaded.warning;
  }

  const Graph graph_ = make_model("toy_dag", {.rows = 16, .columns = 16, .classes = 3});
  std::filesystem::path root_;
  Predictors predictors_{.model_hash = std::string(64, '1'),
                         .software_version = "1.0",
                         .frames_hash = std::string(64, '2'),
                         .frames = 24,
                         .layers = {}};
};

TEST_F(PredictorCacheTest, StoresAndLoads) {
  EXPECT_EQ(warning(), "") << "missing is no warning";
  EXPECT_EQ(cache().store(predictors_), "");
  const PredictorCache::Loaded loaded = cache().load(key(), graph_);
  ASSERT_TRUE(loaded.predictors);
  EXPECT_EQ(loaded.warning, "");
  EXPECT_EQ(prediction::pack_predictors(*loaded.predictors), prediction::pack_predictors(predictors_));
  EXPECT_EQ(cache().store(predictors_), "") << "again";
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(root_ / "below")) ++files;
  EXPECT_EQ(files, 1) << "no temporary file stays";
}

TEST_F(PredictorCacheTest, EveryPartOfTheKeyCounts) {
  EXPECT_EQ(cache().store(predictors_), "");
  const PredictorKey right = key();
  std::vector<PredictorKey> others(5, right);
  others[0].model_hash[0] = '3';
  others[1].software_version = "1.1";
  others[2].frames_hash[0] = '3';
  others[3].frames = 23;
  others[4].compress = false;
  for (const PredictorKey& other : others) {
    EXPECT_FALSE(cache().load(other, graph_).predictors);
    // Also if the name of the file were the same.
    std::filesystem::copy_file(file(), cache().file_of(other),
                               std::filesystem::copy_options::overwrite_existing);
    const PredictorCache::Loaded loaded = cache().load(other, graph_);
    EXPECT_FALSE(loaded.predictors);
    EXPECT_NE(loaded.warning.find("the trainer learns again"), std::string::npos);
  }
}

TEST_F(PredictorCacheTest, DamagedFilesAreNeverUsed) {
  EXPECT_EQ(cache().store(predictors_), "");
  const std::string good = read();
  write(good.substr(0, good.size() / 2));
  EXPECT_EQ(warning(), "it is cut off; the trainer learns again");
  write("");
  EXPECT_EQ(warning(), "it is no file of predictors; the trainer learns again");
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 4);
  write(flipped);
  EXPECT_EQ(warning(), "it is damaged (CRC-32C differs); the trainer learns again");
  write("{\"format\": 1}");
  EXPECT_EQ(warning(), "it is no file of predictors; the trainer learns again");
  write(good + std::string(1 << 20, 'x'));
  EXPECT_EQ(warning(), "it is too large; the trainer learns again");
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  EXPECT_NE(warning(), "");
  std::filesystem::remove(file());
  EXPECT_EQ(cache().store(predictors_), "");
  EXPECT_TRUE(cache().load(key(), graph_).predictors);
}

TEST_F(PredictorCacheTest, ADirectoryThatCannotBeWrittenIsOneLine) {
  std::ofstream(root_ / "below") << "a file where the directory should be";
  const std::string warning = cache().store(predictors_);
  EXPECT_NE(warning.find("cannot write"), std::string::npos) << warning;
  EXPECT_EQ(warning.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace edge::trainer
