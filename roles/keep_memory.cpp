#include "roles/keep_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace edge {
namespace {

constexpr std::uint64_t part_of_available = 4;
constexpr std::uint64_t small_device_bytes = std::uint64_t{256} << 20;

/// MemAvailable of /proc/meminfo, bytes; 0: not known.
std::uint64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kilobytes = 0;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes << 10;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

std::uint64_t automatic_keep_bytes() {
  const std::uint64_t available = available_bytes();
  return (available > 0 ? available : small_device_bytes) / part_of_available;
}

std::string automatic_keep_text(std::uint64_t bytes) {
  return fmt::format(
      "keeps up to {} MB of its layers' outputs (keep = auto: a quarter of the available memory)",
      bytes >> 20U);
}

std::uint64_t resolve_keep_bytes(const std::optional<std::uint64_t>& configured) {
  const std::uint64_t bytes = configured ? *configured : automatic_keep_bytes();
  return std::min<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max() / 2);
}

}  // namespace edge
