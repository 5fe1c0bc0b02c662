// How a kernel family lists its variants: one table of functions per ISA, registered once in the family's
// .cpp file. Tests and benchmarks loop over the list; the public functions pick one entry of it. Immutable,
// so thread-safe.
#pragma once

#include <cassert>
#include <span>

#include "kernels/cpu.h"

namespace edge::kernels {

/// The variants of one family that this build contains, scalar first. Whether the CPU can run one:
/// isa_supported().
template <typename Kernels>
using Variants = std::span<const Kernels* const>;

/// The variant for `isa`, which this build must contain.
template <typename Kernels>
const Kernels& variant_for(Isa isa, Variants<Kernels> variants) {
  for (const Kernels* variant : variants) {
    if (variant->isa == isa) return *variant;
  }
  assert(false && "this build has no such ISA");
  return *variants.front();
}

}  // namespace edge::kernels
