// Delta kernels: GB/s of every variant beside memcpy. Tensors: AlexNet's input and first pooling, and VGG16's
// first pooling at 480x720, which no cache holds. "changed" is the share of elements that differ, in runs as
// in a picture.
//   bench_delta --benchmark_filter=compress
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bandwidth.h"
#include "kernels/delta.h"
#include "kernels/delta_variants.h"

namespace {

using edge::measure;
using edge::kernels::DeltaKernels;

/// An old and a new tensor and what the kernels make of them.
template <typename Value>
struct Change {
  Change(std::size_t count, double share) : old_values(count), mask((count + 7) / 8), packed(count + 8) {
    std::mt19937 random(1);
    for (Value& value : old_values) value = static_cast<Value>(random());
    new_values = old_values;
    std::bernoulli_distribution changing(share);
    std::geometric_distribution<std::size_t> run(0.3);
    for (std::size_t i = 0; i < count;) {
      const bool change = changing(random);
      for (const std::size_t end = std::min(count, i + 1 + run(random)); i < end; ++i) {
        if (change) new_values[i] = static_cast<Value>(~new_values[i]);
      }
    }
    const auto& scalar = edge::kernels::delta_scalar;
    if constexpr (sizeof(Value) == 4) {
      changed = scalar.compare_to_mask_u32(new_values.data(), old_values.data(), count, mask.data());
      scalar.compress_u32(new_values.data(), mask.data(), count, packed.data());
    } else {
      changed = scalar.compare_to_mask_u8(new_values.data(), old_values.data(), count, mask.data());
      scalar.compress_u8(new_values.data(), mask.data(), count, packed.data());
    }
  }
  std::vector<Value> old_values, new_values;
  std::vector<std::uint8_t> mask;
  std::vector<Value> packed;
  std::size_t changed = 0;
};

template <typename Value>
void register_masks(const DeltaKernels& kernels, const std::string& suffix, std::size_t count, double share) {
  const auto add = [&](const std::string& name, auto bytes, auto run) {
    benchmark::RegisterBenchmark((name + suffix).c_str(), [=, &kernels](benchmark::State& state) {
      Change<Value> change(count, share);
      measure(state, bytes(change), count, [&] { run(kernels, change); });
    });
  };
  using Data = Change<Value>;
  add(
      "compare_to_mask",
      [](const Data& d) { return d.old_values.size() * 2 * sizeof(Value) + d.mask.size(); },
      [](const DeltaKernels& k, Data& d) {
        if constexpr (sizeof(Value) == 4) {
          k.compare_to_mask_u32(d.new_values.data(), d.old_values.data(), d.old_values.size(), d.mask.data());
        } else {
          k.compare_to_mask_u8(d.new_values.data(), d.old_values.data(), d.old_values.size(), d.mask.data());
        }
      });
  // Changed values move from one array to the other; the rest of the tensor is touched as whole cache lines.
  const auto bytes_moved = [](const Data& d) {
    return (d.old_values.size() + d.changed) * sizeof(Value) + d.mask.size();
  };
  add("compress", bytes_moved, [](const DeltaKernels& k, Data& d) {
    if constexpr (sizeof(Value) == 4) {
      k.compress_u32(d.new_values.data(), d.mask.data(), d.old_values.size(), d.packed.data());
    } else {
      k.compress_u8(d.new_values.data(), d.mask.data(), d.old_values.size(), d.packed.data());
    }
  });
  add("expand", bytes_moved, [](const DeltaKernels& k, Data& d) {
    if constexpr (sizeof(Value) == 4) {
      k.expand_u32(d.packed.data(), d.mask.data(), d.old_values.size(), d.old_values.data());
    } else {
      k.expand_u8(d.packed.data(), d.mask.data(), d.old_values.size(), d.old_values.data());
    }
  });
}

void register_others(const DeltaKernels& kernels, const std::string& isa) {
  for (const std::size_t count :
       {std::size_t{2048}, std::size_t{64 * 59 * 89}, std::size_t{64 * 240 * 360}}) {
    const std::string suffix = "/f32:" + std::to_string(count) + "/" + isa;
    benchmark::RegisterBenchmark(("split_planes" + suffix).c_str(), [=, &kernels](benchmark::State& state) {
      Change<std::uint32_t> change(count, 0.45);
      std::vector<std::uint8_t> planes(4 * count);
      measure(state, 8 * count, count,
              [&] { kernels.split_planes(change.new_values.data(), count, planes.data()); });
    });
    benchmark::RegisterBenchmark(("join_planes" + suffix).c_str(), [=, &kernels](benchmark::State& state) {
      Change<std::uint32_t> change(count, 0.45);
      const std::vector<std::uint8_t> planes(4 * count, 1);
      measure(state, 8 * count, count,
              [&] { kernels.join_planes(planes.data(), count, change.new_values.data()); });
    });
  }
  for (const std::size_t pixels : {std::size_t{2048}, std::size_t{480 * 720}}) {
    const std::size_t count = 3 * pixels;
    const std::string suffix = "/u8:" + std::to_string(count) + "/" + isa;
    const auto add = [&](const std::string& name, std::size_t bytes, auto run) {
      benchmark::RegisterBenchmark((name + suffix).c_str(), [=, &kernels](benchmark::State& state) {
        Change<std::uint8_t> change(count, 0.45);
        measure(state, bytes, count, [&] { run(kernels, change); });
      });
    };
    using Data = Change<std::uint8_t>;
    add("deadband", 3 * count, [=](const DeltaKernels& k, Data& d) {
      k.deadband(d.new_values.data(), d.old_values.data(), count, 2);
    });
    add("subtract_rgb", 3 * count, [=](const DeltaKernels& k, Data& d) {
      k.subtract_rgb({d.new_values.data(), pixels}, {d.old_values.data(), pixels}, {d.packed.data(), pixels},
                     pixels);
    });
    add("add_rgb", 3 * count, [=](const DeltaKernels& k, Data& d) {
      k.add_rgb({d.packed.data(), pixels}, {d.old_values.data(), pixels}, {d.new_values.data(), pixels},
                pixels);
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const DeltaKernels* kernels : edge::kernels::delta_variants()) {
    if (!edge::kernels::isa_supported(kernels->isa)) continue;
    const std::string isa(edge::kernels::isa_name(kernels->isa));
    for (const double share : {0.05, 0.45}) {
      const std::string ending = "/changed:" + std::to_string(share).substr(0, 4) + "/" + isa;
      register_masks<std::uint8_t>(*kernels, "/u8:1036800" + ending, 3 * 480 * 720, share);
      register_masks<std::uint8_t>(*kernels, "/u8:8192" + ending, 8192, share);  // in L1
      register_masks<std::uint32_t>(*kernels, "/f32:2048" + ending, 2048, share);
      register_masks<std::uint32_t>(*kernels, "/f32:336064" + ending, 64 * 59 * 89, share);
      register_masks<std::uint32_t>(*kernels, "/f32:5529600" + ending, 64 * 240 * 360, share);
    }
    register_others(*kernels, isa);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
