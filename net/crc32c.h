// CRC-32C (Castagnoli), as in iSCSI (RFC 3720) and ext4. Thread-safe, no errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace edge::net {

/// CRC-32C of `bytes`, continuing from `crc` (0 at the start). crc32c("123456789") == 0xE3069283.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);
/// The same without the CPU's CRC instruction (which crc32c() uses where there is one).
std::uint32_t crc32c_with_tables(std::span<const std::byte> bytes, std::uint32_t crc = 0);

}  // namespace edge::net
