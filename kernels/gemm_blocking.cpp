#include "kernels/gemm_blocking.h"

#include <algorithm>

namespace edge::kernels {

namespace {

/// Parts of the caches in sixteenths.
struct Rule {
  Isa isa;
  /// kc steps of the panels fill this part of L1: of both panels, or of the B panel alone.
  int l1_panels;
  int l1_tile_panels;  ///< the same for tile_kc
  bool with_a_panel;
  int l2_a_block;  ///< mc x kc
  int l2_b_block;  ///< nc x kc
  int l2_tile;     ///< tile_floats
  int l2_stage;    ///< stage_floats
};

/// avx2 (measured on Zen 3, docs/performance.md): the B panel may fill L1, as panels that stream from L2 at
///   32 bytes a cycle cost less than reading and writing C once more. Convolutions pack every panel right
///   before its use and want half of L1 for that.
/// neon: an A panel stays in L1, expanded on armv7, and B panels pass through; L2 is slow, so both are small.
constexpr Rule rules[] = {
    {Isa::avx2, 16, 8, false, 6, 8, 8, 12},
    {Isa::neon, 12, 12, true, 6, 8, 6, 4},
};

constexpr std::int64_t sixteenths = 16;
constexpr std::int64_t longest_kc = 512;
constexpr std::int64_t shortest_kc = 64;
constexpr std::int64_t fewest_panels = 4;  ///< of rows and of columns in a block

std::int64_t round_down(std::int64_t value, std::int64_t step) {
  return value / step * step;
}

}  // namespace

GemmBlocking gemm_blocking(Isa isa, int mr, int nr, int a_copies, const CacheSizes& caches) {
  const auto* rule =
      std::find_if(std::begin(rules), std::end(rules), [isa](const Rule& r) { return r.isa == isa; });
  if (rule == std::end(rules)) {  // scalar: so small that tests with small matrices meet several blocks
    return {.kc = 48,
            .mc = 32,
            .nc = 64,
            .tile_kc = 48,
            .tile_floats = 48 * 64,
            .tile_rows = 12,
            .stage_floats = 2048};
  }
  const auto floats = [](std::int64_t bytes, int part) {
    return bytes / static_cast<std::int64_t>(sizeof(float)) * part / sixteenths;
  };
  const std::int64_t floats_per_step = nr + (rule->with_a_panel ? mr * a_copies : 0);
  GemmBlocking blocking;
  const auto steps = [&](int part) {
    return std::clamp(round_down(floats(caches.l1_data, part) / floats_per_step, 16), shortest_kc,
                      longest_kc);
  };
  blocking.kc = steps(rule->l1_panels);
  blocking.tile_kc = steps(rule->l1_tile_panels);
  blocking.mc =
      std::max(round_down(floats(caches.l2, rule->l2_a_block) / blocking.kc, mr), fewest_panels * mr);
  blocking.nc =
      std::max(round_down(floats(caches.l2, rule->l2_b_block) / blocking.kc, nr), fewest_panels * nr);
  blocking.tile_floats = floats(caches.l2, rule->l2_tile);
  blocking.tile_rows = 2048;
  blocking.stage_floats = floats(caches.l2, rule->l2_stage);
  return blocking;
}

}  // namespace edge::kernels
