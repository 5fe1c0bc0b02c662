// CPU detection. Everything here is thread-safe; active_isa() throws std::runtime_error (one line), nothing
// else does.
#include "kernels/cpu.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#if defined(__arm__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace edge::kernels {

namespace {

bool cpu_has_neon() {
#if !defined(EDGE_HAVE_NEON)
  return false;
#elif defined(__arm__)
  constexpr unsigned long needed = HWCAP_NEON | HWCAP_VFPv4;
  return (getauxval(AT_HWCAP) & needed) == needed;
#else
  return true;  // part of the aarch64 baseline
#endif
}

bool cpu_has_avx2() {
#if defined(EDGE_HAVE_AVX2)
  // The kernels are compiled with -mbmi2 too; every CPU with AVX2 and FMA has it, but ask.
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
         __builtin_cpu_supports("bmi2") != 0;
#else
  return false;
#endif
}

Isa best_isa() {
  if (isa_supported(Isa::avx2)) return Isa::avx2;
  if (isa_supported(Isa::neon)) return Isa::neon;
#if defined(__arm__)
  throw std::runtime_error(
      "this CPU (" + cpu_model() +
      ") has no NEON with VFPv4, which edge needs; use a Raspberry Pi 2, Zero 2 or newer, "
      "or set EDGE_ISA=scalar to run slowly");
#else
  return Isa::scalar;
#endif
}

/// Arm's CPU part numbers of the boards that matter here.
std::string arm_core(const std::string& part) {
  struct Core {
    const char* part;
    const char* name;
  };
  static constexpr Core cores[] = {
      {"0xb76", "ARM1176"},     {"0xc07", "Cortex-A7"},  {"0xc09", "Cortex-A9"},  {"0xc0f", "Cortex-A15"},
      {"0xd03", "Cortex-A53"},  {"0xd04", "Cortex-A35"}, {"0xd05", "Cortex-A55"}, {"0xd07", "Cortex-A57"},
      {"0xd08", "Cortex-A72"},  {"0xd09", "Cortex-A73"}, {"0xd0a", "Cortex-A75"}, {"0xd0b", "Cortex-A76"},
      {"0xd0c", "Neoverse-N1"}, {"0xd41", "Cortex-A78"},
  };
  for (const Core& core : cores) {
    if (part == core.part) return core.name;
  }
  return "Arm CPU part " + part;
}

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return "scalar";
    case Isa::neon:
      return "neon";
    case Isa::avx2:
      return "avx2";
  }
  return "unknown";
}

bool isa_supported(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return true;
    case Isa::neon:
      return cpu_has_neon();
    case Isa::avx2:
      return cpu_has_avx2();
  }
  return false;
}

Isa choose_isa(std::string_view requested) {
  if (requested.empty()) return best_isa();
  const std::string name(requested);
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2}) {
    if (isa_name(isa) != requested) continue;
    if (isa_supported(isa)) return isa;
    throw std::runtime_error("EDGE_ISA=" + name + " is not supported by this build on this CPU (" +
                             cpu_model() + "); unset it to choose automatically");
  }
  throw std::runtime_error("EDGE_ISA=" + name + " is unknown; use scalar, neon or avx2, or unset it");
}

Isa active_isa() {
  static const Isa isa = [] {
    const char* requested = std::getenv("EDGE_ISA");  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
    return choose_isa(requested != nullptr ? requested : "");
  }();
  return isa;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  std::string model;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("CPU part")) return arm_core(line.substr(colon + 2));
    if (line.starts_with("model name") && model.empty()) model = line.substr(colon + 2);
  }
  return model.empty() ? "unknown CPU" : model;
}

}  // namespace edge::kernels
