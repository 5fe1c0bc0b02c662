// What was learnt before, on disk. One file per key, in the format of predictor_bytes.h. Immutable,
// thread-safe; files are replaced as a whole. Nothing throws: without a usable file the trainer learns again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/graph.h"
#include "roles/prediction/predictors.h"

namespace edge::trainer {

/// All that predictors depend on.
struct PredictorKey {
  std::string model_hash;
  std::string software_version;
  std::string frames_hash;
  std::uint32_t frames = 0;
  bool compress = true;
};
PredictorKey key_of(const prediction::Predictors& predictors);

class PredictorCache {
 public:
  explicit PredictorCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  struct Loaded {
    std::optional<prediction::Predictors> predictors;
    std::string warning;  ///< one line if there is a file that cannot be used, else empty
  };
  Loaded load(const PredictorKey& key, const Graph& graph) const;
  /// Returns an empty string, or one line that says why they were not stored.
  std::string store(const prediction::Predictors& predictors) const;
  std::filesystem::path file_of(const PredictorKey& key) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace edge::trainer
