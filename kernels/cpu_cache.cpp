// Sizes of the caches. Everything here is thread-safe and never fails: what the system does not tell is
// guessed.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "kernels/cpu.h"

namespace edge::kernels {

namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;

/// The first line of a file; empty if there is none.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The number at the start of `text`, which is moved behind it; -1 if there is none.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = -1;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  return number;
}

/// "32K", "1024K", "8M".
std::int64_t bytes(std::string_view text) {
  const std::int64_t number = take_number(text);
  if (number <= 0 || number > 1024 * mib) return 0;
  if (text.starts_with('K')) return number * kib;
  if (text.starts_with('M')) return number * mib;
  return number;
}

/// CPUs of a list such as "0-3,8"; at least 1.
std::int64_t count_cpus(std::string_view list) {
  std::int64_t count = 0;
  while (!list.empty()) {
    const std::int64_t first = take_number(list);
    std::int64_t last = first;
    if (list.starts_with('-')) {
      list.remove_prefix(1);
      last = take_number(list);
    }
    if (first < 0 || last < first) break;
    count += last - first + 1;
    if (!list.starts_with(',')) break;
    list.remove_prefix(1);
  }
  return std::max<std::int64_t>(1, count);
}

struct KnownCore {
  std::string_view model;  ///< as cpu_model() names it
  CacheSizes sizes;
};

/// Cores of the boards that matter here; the shared L2 divided by four.
constexpr KnownCore known_cores[] = {
    {"Cortex-A7", {32 * kib, 128 * kib, 0}},           // Pi 2
    {"Cortex-A53", {32 * kib, 128 * kib, 0}},          // Pi 3, Zero 2
    {"Cortex-A72", {32 * kib, 256 * kib, 0}},          // Pi 4
    {"Cortex-A76", {64 * kib, 512 * kib, 512 * kib}},  // Pi 5
};
constexpr CacheSizes default_sizes = {32 * kib, 256 * kib, 0};

CacheSizes ask_sysconf() {
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  // sysconf does not tell who shares the caches behind L1.
  return {std::max(0L, sysconf(_SC_LEVEL1_DCACHE_SIZE)), 0, 0};
#else
  return {};
#endif
}

/// Whether the kernel describes this build's kind of CPU: under QEMU's user mode it describes the host.
bool system_is_ours(std::string_view model) {
#if defined(__arm__) || defined(__aarch64__)
  return model.starts_with("Cortex") || model.starts_with("Neoverse") || model.starts_with("Arm");
#else
  (void)model;
  return true;
#endif
}

void fill(std::int64_t& size, std::int64_t other) {
  if (size <= 0) size = other;
}

}  // namespace

CacheSizes read_cache_sizes(const std::string& directory) {
  CacheSizes sizes;
  std::int64_t threads_per_core = 1;
  constexpr int most_caches = 10;
  for (int index = 0; index < most_caches; ++index) {
    const std::string path = directory + "/index" + std::to_string(index) + "/";
    const std::string level = first_line(path + "level");
    const std::string type = first_line(path + "type");
    if (level.empty() || type == "Instruction") continue;
    const std::int64_t size = bytes(first_line(path + "size"));
    const std::int64_t sharers = count_cpus(first_line(path + "shared_cpu_list"));
    // Hyperthreads share L1 too: the caches of a core are not divided among them.
    if (level == "1") {
      sizes.l1_data = size;
      threads_per_core = sharers;
    }
    const std::int64_t cores = std::max<std::int64_t>(1, sharers / threads_per_core);
    if (level == "2") sizes.l2 = size / cores;
    if (level == "3") sizes.l3 = size / cores;
  }
  return sizes;
}

CacheSizes complete_cache_sizes(CacheSizes sizes, std::string_view model) {
  const bool has_l2 = sizes.l2 > 0;
  const auto* known = std::find_if(std::begin(known_cores), std::end(known_cores),
                                   [model](const KnownCore& core) { return core.model == model; });
  CacheSizes others = default_sizes;
  if (known != std::end(known_cores)) {
    others = known->sizes;
  } else {
    fill(sizes.l1_data, ask_sysconf().l1_data);
  }
  fill(sizes.l1_data, others.l1_data);
  fill(sizes.l2, others.l2);
  if (!has_l2) fill(sizes.l3, others.l3);  // a system that tells about L2 would have told about L3
  return sizes;
}

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = [] {
    const std::string model = cpu_model();
    if (!system_is_ours(model)) return default_sizes;
    return complete_cache_sizes(read_cache_sizes("/sys/devices/system/cpu/cpu0/cache"), model);
  }();
  return sizes;
}

}  // namespace edge::kernels
