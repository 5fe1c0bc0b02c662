// Measured layer costs, kept on disk so that a device measures a network once. Format: docs/configuration.md.
// One JSON file per key. Thread-safe (the object is immutable); safe between processes: files are replaced as
// a whole, and ProfileLock keeps two processes of one device from measuring at the same time and so
// disturbing each other. Nothing throws: without a usable cache the program runs, it only measures again.
// What went wrong is returned, for the caller to log.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace edge {

/// All that a measured cost depends on.
struct ProfileKey {
  std::string cpu_model;
  std::string isa;
  std::string gemm_backend;
  int threads = 1;
  std::string software_version;
  std::string model_hash;  ///< of graph, weights and frame size
};

/// Held while measuring. Released by the destructor, or by the kernel when the process dies.
class ProfileLock {
 public:
  ProfileLock() = default;
  ProfileLock(ProfileLock&& other) noexcept;
  ProfileLock& operator=(ProfileLock&& other) noexcept;
  ~ProfileLock();

  /// False if stopped while waiting, or if the directory cannot be written (then there is a warning()).
  bool held() const { return descriptor_ >= 0; }
  const std::string& warning() const { return warning_; }

 private:
  friend class ProfileCache;
  int descriptor_ = -1;
  std::string warning_;
};

class ProfileCache {
 public:
  /// The directory is made when something is to be written.
  explicit ProfileCache(std::filesystem::path directory);

  struct Loaded {
    std::optional<std::vector<double>> layer_cost;  ///< seconds of each layer, with layer 0; empty: measure
    std::string warning;  ///< one line if there is a file that cannot be used, else empty
  };
  /// The costs stored under `key`: exactly `layers` numbers, finite and not negative; everything else counts
  /// as missing.
  Loaded load(const ProfileKey& key, std::size_t layers) const;

  /// Returns an empty string, or one line that says why it was not stored.
  std::string store(const ProfileKey& key, const std::vector<double>& layer_cost) const;

  /// Waits until no other process has the lock, or until `stop` is requested. Calls `on_wait` once if it has
  /// to wait. Lock to measure, and then load once more: another process may just have stored what is wanted.
  ProfileLock lock(const std::stop_token& stop = {}, const std::function<void()>& on_wait = {}) const;

  /// The file of a key.
  std::filesystem::path file_of(const ProfileKey& key) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace edge
