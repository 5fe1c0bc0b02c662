// Sections of a payload: byte arrays of known size, stored as they are or as one zstd frame, whichever is
// shorter. Internal to the codec. One owner, one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace edge::net {

class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  /// Appends `section` to `out` as a zstd frame, or raw if that is not shorter; returns the stored length,
  /// which equals section.size() exactly if it is raw.
  std::size_t append(std::span<const std::uint8_t> section, std::vector<std::byte>& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;  // made when first needed: mode `full` never does
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  /// Fills `section` from its stored form. Throws CodecError if that is not exactly one section of this size.
  void read(std::span<const std::byte> stored, std::span<std::uint8_t> section);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace edge::net
