// The secret that the devices of a chain share: its file, and the keys that follow from it. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace edge::net {

class Secret {
 public:
  static constexpr std::size_t least_bytes = 32;

  /// 32 bytes of the system's randomness.
  static Secret random();
  /// Base64, with white space behind it. Throws Error: empty, not base64, or fewer than `least_bytes`.
  static Secret parse(std::string_view text);
  /// Of a file that nobody but its owner may read. Throws Error that names it and says what to do.
  static Secret load(const std::filesystem::path& file);

  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = delete;
  ~Secret();  ///< wipes the memory

  /// Writes it to a new file that nobody but its owner may read. Throws Error; never overwrites.
  void write_new(const std::filesystem::path& file) const;
  /// Base64 and a line end.
  std::string text() const;

  /// 32 bytes for one use: HKDF with SHA-256 (RFC 5869), without salt, `label` as info. Keys of different
  /// labels say nothing about each other, or about the secret.
  std::array<std::byte, 32> key(std::string_view label) const;

 private:
  explicit Secret(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::vector<std::byte> bytes_;
};

}  // namespace edge::net
