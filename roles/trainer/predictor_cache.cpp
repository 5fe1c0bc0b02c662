#include "roles/trainer/predictor_cache.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "engine/atomic_file.h"
#include "engine/error.h"
#include "net/crc32c.h"
#include "roles/prediction/predictor_bytes.h"

namespace edge::trainer {
namespace {

std::string text_of(const PredictorKey& key) {
  return fmt::format("{} {} {} {} {}", key.model_hash, key.software_version, key.frames_hash, key.frames,
                     key.compress);
}

}  // namespace

PredictorKey key_of(const prediction::Predictors& predictors) {
  return {.model_hash = predictors.model_hash,
          .software_version = predictors.software_version,
          .frames_hash = predictors.frames_hash,
          .frames = predictors.frames,
          .compress = predictors.compress};
}

std::filesystem::path PredictorCache::file_of(const PredictorKey& key) const {
  // The name only spreads the files; the key inside decides.
  const std::string text = text_of(key);
  return directory_ / fmt::format("predictors-{}-{:08x}.bin", key.model_hash.substr(0, 16),
                                  net::crc32c(std::as_bytes(std::span(text))));
}

PredictorCache::Loaded PredictorCache::load(const PredictorKey& key, const Graph& graph) const {
  const std::filesystem::path file = file_of(key);
  const auto unusable = [&](const std::string& why) {
    return Loaded{{}, fmt::format("{}: {}; the trainer learns again", file.string(), why)};
  };
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) return unusable(error.message());
  if (bytes > prediction::max_predictor_bytes(graph)) return unusable("it is too large");
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return unusable("it cannot be read");
  try {
    prediction::Predictors predictors =
        prediction::parse_predictors(std::as_bytes(std::span(text)), graph, key.model_hash);
    if (text_of(key_of(predictors)) != text_of(key)) {
      return unusable("it was made by another version, or from other frames");
    }
    return {std::move(predictors), ""};
  } catch (const Error& damage) {
    return unusable(damage.what());
  }
}

std::string PredictorCache::store(const prediction::Predictors& predictors) const {
  return write_file_atomically(file_of(key_of(predictors)), prediction::pack_predictors(predictors));
}

}  // namespace edge::trainer
