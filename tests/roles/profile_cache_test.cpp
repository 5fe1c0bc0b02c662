// The profile cache: what comes back, what counts as missing, and the lock.
#include "roles/profile_cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>

namespace edge {
namespace {

const ProfileKey key{.cpu_model = "Cortex-A72",
                     .isa = "neon",
                     .gemm_backend = "openblas",
                     .threads = 4,
                     .software_version = "0.1.0",
                     .model_hash = "abc"};
const std::vector<double> costs{0, 0.1, 1e-9, 1.0 / 3};

class ProfileCacheTest : public testing::Test {
 protected:
  ProfileCacheTest() {
    std::string name = (std::filesystem::temp_directory_path() / "edge-profile-XXXXXX").string();
    root_ = mkdtemp(name.data());
    cache_.emplace(root_ / "below" / "edge");
  }
  ~ProfileCacheTest() override { std::filesystem::remove_all(root_); }

  void write(const std::string& text) const {
    std::filesystem::create_directories(cache_->file_of(key).parent_path());
    std::ofstream(cache_->file_of(key)) << text;
  }
  /// The warning without the file name in front.
  std::string warning(std::size_t layers = 4) const {
    const ProfileCache::Loaded loaded = cache_->load(key, layers);
    EXPECT_FALSE(loaded.layer_cost);
    const std::string file = cache_->file_of(key).string() + ": ";
    return loaded.warning.compare(0, file.size(), file) == 0 ? loaded.warning.substr(file.size())
                                                             : loaded.warning;
  }

  std::filesystem::path root_;
  std::optional<ProfileCache> cache_;
};

TEST_F(ProfileCacheTest, StoresAndLoadsBitForBit) {
  EXPECT_EQ(cache_->store(key, costs), "");
  const ProfileCache::Loaded loaded = cache_->load(key, costs.size());
  EXPECT_EQ(loaded.layer_cost, costs);
  EXPECT_EQ(loaded.warning, "");
  EXPECT_EQ(cache_->store(key, {0, 1, 2, 3}), "");
  EXPECT_EQ(cache_->load(key, 4).layer_cost, (std::vector<double>{0, 1, 2, 3}));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(root_ / "below" / "edge")) {
    ++files;
  }
  EXPECT_EQ(files, 1U) << "no temporary file stays";
}

TEST_F(ProfileCacheTest, MissingIsNoWarning) {
  EXPECT_EQ(warning(), "");
}

TEST_F(ProfileCacheTest, EveryPartOfTheKeyCounts) {
  EXPECT_EQ(cache_->store(key, costs), "");
  std::vector<ProfileKey> others(6, key);
  others[0].cpu_model = "Cortex-A53";
  others[1].isa = "scalar";
  others[2].gemm_backend = "own";
  others[3].threads = 1;
  others[4].software_version = "0.1.1";
  others[5].model_hash = "abd";
  for (const ProfileKey& other : others) {
    EXPECT_FALSE(cache_->load(other, costs.size()).layer_cost);
    EXPECT_NE(cache_->file_of(other), cache_->file_of(key));
  }
}

TEST_F(ProfileCacheTest, AFileOfAnotherKeyUnderThisName) {
  ProfileKey other = key;
  other.threads = 1;
  EXPECT_EQ(cache_->store(other, costs), "");
  std::filesystem::rename(cache_->file_of(other), cache_->file_of(key));
  EXPECT_EQ(warning(), "belongs to another device or network; layer costs are measured again");
}

TEST_F(ProfileCacheTest, UnusableFiles) {
  EXPECT_EQ(cache_->store(key, costs), "");
  EXPECT_EQ(warning(5), "does not have 5 layer costs; layer costs are measured again");
  std::ostringstream text;
  text << std::ifstream(cache_->file_of(key)).rdbuf();
  const nlohmann::json good = nlohmann::json::parse(text.str());

  for (const std::string& broken : {std::string(), std::string("{"), std::string("[]"),
                                    std::string(100, '\0'), text.str().substr(0, text.str().size() / 2)}) {
    write(broken);
    EXPECT_EQ(warning(), "is not a JSON object; layer costs are measured again");
  }
  write("{}");
  EXPECT_EQ(warning(), "has another format; layer costs are measured again");
  for (const char* cost : {"-1", "null", "\"1\"", "1e999", "true"}) {
    nlohmann::json bad = good;
    bad["layer_cost"][2] = "here";
    std::string changed = bad.dump();
    changed.replace(changed.find("\"here\""), 6, cost);
    write(changed);
    EXPECT_NE(warning(), "") << cost;
  }
  write(std::string(5U << 20, ' '));
  EXPECT_EQ(warning(), "is too large; layer costs are measured again");
}

TEST_F(ProfileCacheTest, GoldenFile) {
  const std::filesystem::path golden = EDGE_TEST_DATA "/profile-golden.json";
  std::filesystem::create_directories(cache_->file_of(key).parent_path());
  std::filesystem::copy_file(golden, cache_->file_of(key));
  const ProfileCache::Loaded loaded = cache_->load(key, costs.size());
  EXPECT_EQ(loaded.warning, "");
  EXPECT_EQ(loaded.layer_cost, costs);
  EXPECT_EQ(cache_->file_of(key).filename(), "profile-c3784e0aa6e677d7.json");
}

TEST_F(ProfileCacheTest, DirectoryThatCannotBeMade) {
  std::ofstream(root_ / "file") << "in the way";
  const ProfileCache cache(root_ / "file" / "edge");
  EXPECT_NE(cache.store(key, costs).find("Not a directory; layer costs will be measured at every start"),
            std::string::npos);
  const ProfileLock lock = cache.lock();
  EXPECT_FALSE(lock.held());
  EXPECT_NE(lock.warning(), "");
  EXPECT_FALSE(cache.load(key, 4).layer_cost);
}

TEST_F(ProfileCacheTest, CostsThatAreNotNumbersAreNotLoaded) {
  EXPECT_EQ(cache_->store(key, {0, std::numeric_limits<double>::quiet_NaN()}), "");
  EXPECT_NE(warning(2), "");
}

TEST_F(ProfileCacheTest, TheSecondWaitsAndThenReads) {
  std::optional<ProfileLock> first = cache_->lock();
  ASSERT_TRUE(first->held());
  std::stop_source waiting;  // the other thread's sign that it waits
  std::optional<std::vector<double>> found;
  std::thread second([&] {
    const ProfileLock lock = cache_->lock({}, [&] { waiting.request_stop(); });
    EXPECT_TRUE(lock.held());
    found = cache_->load(key, costs.size()).layer_cost;
  });
  while (!waiting.stop_requested()) {
    std::this_thread::yield();
  }
  EXPECT_EQ(cache_->store(key, costs), "");
  first.reset();
  second.join();
  EXPECT_EQ(found, costs);
}

TEST_F(ProfileCacheTest, WaitingStopsWhenAsked) {
  const ProfileLock first = cache_->lock();
  std::stop_source stop;
  const ProfileLock second = cache_->lock(stop.get_token(), [&] { stop.request_stop(); });
  EXPECT_FALSE(second.held());
  EXPECT_EQ(second.warning(), "");
}

TEST_F(ProfileCacheTest, LocksMove) {
  ProfileLock first = cache_->lock();
  const ProfileLock moved = std::move(first);
  EXPECT_TRUE(moved.held());
  EXPECT_FALSE(first.held());  // NOLINT(bugprone-use-after-move): the state is defined
}

}  // namespace
}  // namespace edge
