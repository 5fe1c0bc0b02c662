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

}  // namespace edge::kernels
