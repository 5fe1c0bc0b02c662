#include "engine/weight_digests.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "engine/atomic_file.h"
#include "engine/model_hash.h"

namespace edge {
namespace {

constexpr int format_version = 1;
constexpr std::uintmax_t most_bytes = 16 << 20;
constexpr std::size_t digest_digits = 64;

bool is_digest(const nlohmann::json& value) {
  return value.is_string() && value.get_ref<const std::string&>().size() == digest_digits;
}

}  // namespace

WeightDigests::WeightDigests(const std::filesystem::path& directory, const WeightFile& file) {
  std::error_code error;
  const std::filesystem::path weights = std::filesystem::canonical(file.name(), error);
  if (directory.empty() || error) return;
  path_ = directory / ("weights-" + sha256(weights.string()).substr(0, 16) + ".json");
  const MappedFile::Version& version = file.version();
  // Hashed, as a path need not be UTF-8.
  key_ =
      sha256(weights.string() + '\n' + std::to_string(version.bytes) + '\n' + std::to_string(version.inode) +
             '\n' + std::to_string(version.modified_ns) + '\n' + std::to_string(version.changed_ns));

  const std::uintmax_t bytes = std::filesystem::file_size(path_, error);
  if (error || bytes > most_bytes) return;
  std::ifstream stream(path_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const nlohmann::json content = nlohmann::json::parse(text, nullptr, false);
  if (!content.is_object() || content.value("format", nlohmann::json()) != format_version ||
      content.value("key", nlohmann::json()) != key_)
    return;
  const nlohmann::json digests = content.value("digests", nlohmann::json::object());
  if (!digests.is_object()) return;
  for (const auto& [parameter, digest] : digests.items()) {
    if (is_digest(digest)) digests_[parameter] = digest.get<std::string>();
  }
}

std::string WeightDigests::find(const std::string& parameter) const {
  const auto found = digests_.find(parameter);
  return found == digests_.end() ? std::string() : found->second;
}

void WeightDigests::add(const std::string& parameter, const std::string& digest) {
  digests_[parameter] = digest;
  changed_ = true;
}

void WeightDigests::store() const {
  if (path_.empty() || !changed_) return;
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  const nlohmann::json content = {{"format", format_version}, {"key", key_}, {"digests", digests_}};
  // A cache: whoever cannot write it computes the digests again.
  (void)replace_file(path_, std::nullopt, [&](std::ostream& stream) { stream << content.dump(1) << '\n'; });
}

}  // namespace edge
