// The block gate of [video]: milliseconds for one picture, every variant.
//   bench_block_gate
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/block_gate.h"
#include "kernels/block_gate_variants.h"

namespace {

void scan(benchmark::State& state, edge::kernels::Isa isa, std::size_t rows, std::size_t columns) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> held(3 * rows * columns);
  for (std::uint8_t& value : held) value = static_cast<std::uint8_t>(random());
  std::vector<std::uint8_t> picture = held;
  for (std::size_t i = 0; i < picture.size(); i += 3) picture[i] = static_cast<std::uint8_t>(picture[i] ^ 3);
  std::vector<std::uint8_t> changed(edge::kernels::gate_blocks(rows) * edge::kernels::gate_blocks(columns));
  for (auto _ : state) {
    edge::kernels::find_changed_blocks(isa, {picture.data(), rows * columns}, {held.data(), rows * columns},
                                       rows, columns, 4, changed.data());
    benchmark::DoNotOptimize(changed.data());
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto* variant : edge::kernels::block_gate_variants()) {
    if (!edge::kernels::isa_supported(variant->isa)) continue;
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{480, 720}, {720, 1280}}) {
      const std::string name = std::string("block_gate/") +
                               std::string(edge::kernels::isa_name(variant->isa)) + "/" +
                               std::to_string(rows) + "x" + std::to_string(columns);
      benchmark::RegisterBenchmark(name.c_str(), [=, rows = rows,
                                                  columns = columns](benchmark::State& state) {
        scan(state, variant->isa, rows, columns);
      })->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
