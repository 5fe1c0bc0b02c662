// Which instruction set the kernels use on this CPU. Decided once at start and passed down; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::kernels {

/// Families of kernel variants. `neon` means NEON-VFPv4 on armv7 and Advanced SIMD on aarch64.
enum class Isa : std::uint8_t { scalar, neon, avx2 };

std::string_view isa_name(Isa isa);

/// The best ISA that this build contains and this CPU supports. The environment variable EDGE_ISA
/// (scalar | neon | avx2) overrides it, for tests. Throws std::runtime_error with one clear line if EDGE_ISA
/// is unknown or not supported here, or (armv7) if the CPU lacks NEON-VFPv4 and EDGE_ISA does not ask for
/// scalar. The environment is read once; later calls return the same value.
Isa active_isa();

/// What active_isa() makes of the value of EDGE_ISA; empty: the best. Throws like it.
Isa choose_isa(std::string_view requested);

/// Whether this build contains the kernels and this CPU can run them.
bool isa_supported(Isa isa);

/// Human-readable CPU model ("AMD EPYC", "Cortex-A72"), used as a key of the profile cache.
std::string cpu_model();

/// Bytes of cache that one core has for itself: of a cache that several cores share, its part. 0: none.
struct CacheSizes {
  std::int64_t l1_data = 0;
  std::int64_t l2 = 0;
  std::int64_t l3 = 0;
  friend bool operator==(const CacheSizes&, const CacheSizes&) = default;
};

/// Of this machine: from sysfs; what is missing there (many Arm kernels say nothing) from a table of known
/// cores, else from sysconf(), else as on a Raspberry Pi 4. The system is asked once.
const CacheSizes& cache_sizes();

/// What sysfs says in `directory`, usually /sys/devices/system/cpu/cpu0/cache; 0 where it says nothing.
CacheSizes read_cache_sizes(const std::string& directory);

/// `sizes` with its zeros filled from what is known about the core `model` (as cpu_model() names it).
CacheSizes complete_cache_sizes(CacheSizes sizes, std::string_view model);

}  // namespace edge::kernels
