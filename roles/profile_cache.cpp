// Measured layer costs, kept on disk.
#include "roles/profile_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <utility>

#include "engine/atomic_file.h"

namespace edge {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr std::uintmax_t max_file_bytes = std::uintmax_t{4} << 20;
constexpr std::chrono::milliseconds retry{50};

Json to_json(const ProfileKey& key) {
  return {{"cpu_model", key.cpu_model},
          {"isa", key.isa},
          {"gemm_backend", key.gemm_backend},
          {"threads", key.threads},
          {"software_version", key.software_version},
          {"model_hash", key.model_hash}};
}

std::string dump(const Json& json, int indent) {
  // CPU names come from the system and need not be UTF-8.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// FNV-1a. Only names the file; the key inside the file decides.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

bool is_cost(const Json& value) {
  return value.is_number() && std::isfinite(value.get<double>()) && value.get<double>() >= 0;
}

/// Empty, or why the content is of no use.
std::string defect_of(const Json& content, const ProfileKey& key, std::size_t layers) {
  if (content.is_discarded() || !content.is_object()) {
    return "is not a JSON object";
  }
  if (content.value("format", Json()) != format_version) {
    return "has another format";
  }
  if (content.value("key", Json()) != Json::parse(dump(to_json(key), -1))) {
    return "belongs to another device or network";
  }
  const Json costs = content.value("layer_cost", Json());
  if (!costs.is_array() || costs.size() != layers) {
    return fmt::format("does not have {} layer costs", layers);
  }
  if (!std::all_of(costs.begin(), costs.end(), is_cost)) {
    return "has a layer cost that is not a number of seconds";
  }
  return "";
}

std::string with_errno(const std::string& what, const std::filesystem::path& path, int error) {
  return fmt::format("{}: cannot {}: {}; layer costs will be measured at every start", path.string(), what,
                     std::strerror(error));
}

}  // namespace

ProfileLock::ProfileLock(ProfileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), warning_(std::move(other.warning_)) {}

ProfileLock& ProfileLock::operator=(ProfileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(warning_, other.warning_);
  return *this;
}

ProfileLock::~ProfileLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);  // releases the flock
  }
}

ProfileCache::ProfileCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

std::filesystem::path ProfileCache::file_of(const ProfileKey& key) const {
  return directory_ / fmt::format("profile-{:016x}.json", hash_of(dump(to_json(key), -1)));
}

ProfileCache::Loaded ProfileCache::load(const ProfileKey& key, std::size_t layers) const {
  const std::filesystem::path file = file_of(key);
  const auto unusable = [&](const std::string& why) {
    return Loaded{{}, fmt::format("{}: {}; layer costs are measured again", file.string(), why)};
  };
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (error == std::errc::no_such_file_or_directory) {
    return {};
  }
  if (error) {
    return unusable(error.message());
  }
  if (bytes > max_file_bytes) {
    return unusable("is too large");
  }
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) {
    return unusable("cannot be read");
  }
  const Json content = Json::parse(text, nullptr, false);
  if (const std::string defect = defect_of(content, key, layers); !defect.empty()) {
    return unusable(defect);
  }
  return {content.at("layer_cost").get<std::vector<double>>(), ""};
}

std::string ProfileCache::store(const ProfileKey& key, const std::vector<double>& layer_cost) const {
  const Json content = {{"format", format_version}, {"key", to_json(key)}, {"layer_cost", layer_cost}};
  const std::string text = dump(content, 1) + "\n";
  const std::string failed = write_file_atomically(file_of(key), std::as_bytes(std::span(text)));
  return failed.empty() ? "" : failed + "; layer costs will be measured at every start";
}

ProfileLock ProfileCache::lock(const std::stop_token& stop, const std::function<void()>& on_wait) const {
  ProfileLock lock;
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  const std::filesystem::path file = directory_ / "profile.lock";
  const int descriptor = error ? -1 : ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    lock.warning_ = with_errno("lock", file, error ? error.value() : errno);
    return lock;
  }
  std::mutex mutex;
  std::condition_variable_any never;
  bool waited = false;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      lock.warning_ = with_errno("lock", file, errno);
    }
    if (!lock.warning_.empty() || stop.stop_requested()) {
      ::close(descriptor);
      return lock;
    }
    if (!std::exchange(waited, true) && on_wait) {
      on_wait();
    }
    std::unique_lock guard(mutex);
    never.wait_for(guard, stop, retry, [] { return false; });
  }
  lock.descriptor_ = descriptor;
  return lock;
}

}  // namespace edge
