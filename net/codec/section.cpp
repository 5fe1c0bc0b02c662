#include "net/codec/section.h"

#include <zstd.h>

#include <cassert>
#include <cstring>
#include <new>

#include "net/codec/codec.h"

namespace edge::net {
namespace {

// Level 1 with a hash table of 16 kB, which fits the first-level cache of a Cortex-A53. Higher levels take
// longer and gain nothing on noise; negative levels do not entropy-code literals, which is where the gain is
// (docs/codec.md).
constexpr int level = 1;
constexpr int hash_log = 12;
// Below this a frame's own overhead eats the gain.
constexpr std::size_t smallest_section = 32;

}  // namespace

Compressor::Compressor() = default;
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
void Compressor::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

std::size_t Compressor::append(std::span<const std::uint8_t> section, std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  if (section.size() >= smallest_section) {
    if (!context_) {
      context_.reset(ZSTD_createCCtx());
      if (!context_) throw std::bad_alloc();
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, hash_log);
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 0);
    }
    out.resize(start + section.size() - 1);
    const std::size_t stored = ZSTD_compress2(context_.get(), out.data() + start, section.size() - 1,
                                              section.data(), section.size());
    if (ZSTD_isError(stored) == 0) {
      out.resize(start + stored);
      return stored;
    }
    out.resize(start);  // not shorter
  }
  const auto* raw = reinterpret_cast<const std::byte*>(section.data());
  out.insert(out.end(), raw, raw + section.size());
  return section.size();
}

Decompressor::Decompressor() = default;
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

void Decompressor::read(std::span<const std::byte> stored, std::span<std::uint8_t> section) {
  if (stored.size() > section.size()) throw CodecError("a compressed section is longer than its content");
  if (stored.size() == section.size()) {
    if (!section.empty()) std::memcpy(section.data(), stored.data(), section.size());
    return;
  }
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != section.size()) {
    throw CodecError("a compressed section does not declare the expected size");
  }
  if (!context_) {
    context_.reset(ZSTD_createDCtx());
    if (!context_) throw std::bad_alloc();
  }
  const std::size_t size =
      ZSTD_decompressDCtx(context_.get(), section.data(), section.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != section.size()) throw CodecError("a compressed section is damaged");
}

}  // namespace edge::net
