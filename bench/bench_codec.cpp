// Encoding and decoding of frames and feature maps. Speeds are bytes of the tensor in memory per second;
// `encoded_kB` is the size on the link. Changes come in clusters, by small amounts, as on a static camera.
//   bench_codec --benchmark_filter=frame
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "net/codec/decoder.h"
#include "net/codec/encoder.h"

namespace {

using namespace edge;
using namespace edge::net;

/// What the codec is made to do.
enum Way : std::int64_t { full, changes, packed };

class Random {
 public:
  std::uint32_t below(std::uint32_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((state_ >> 33) % limit);
  }

 private:
  std::uint64_t state_ = 1;
};

struct Scene {
  Base base;
  Array value;
};

/// `percent` of the elements change.
Scene make_scene(ElementType type, const Shape& shape, std::uint32_t percent) {
  Random random;
  const FreshArray old = allocate_array(type, shape);
  const FreshArray now = allocate_array(type, shape);
  const std::size_t size = element_bytes(type);
  bool moving = false;
  for (std::size_t i = 0; i < old.array.elements(); ++i) {
    if (i % 16 == 0) moving = random.below(100) < percent;
    std::uint32_t before = type == ElementType::u8 ? static_cast<std::uint32_t>(i / 3 + random.below(4))
                           : random.below(2) == 0  ? 0
                                                   : 0x3F000000 + random.below(0x800000);
    std::uint32_t after = before;
    if (moving) after = type == ElementType::u8 ? before + random.below(7) - 3 : before + random.below(60000);
    std::memcpy(old.data + i * size, &before, size);
    std::memcpy(now.data + i * size, &after, size);
  }
  return {.base = {1, old.array}, .value = now.array};
}

EncodeOptions options_for(std::int64_t way) {
  EncodeOptions options{.delta = way != full, .compress = way == packed};
  options.speeds.link = 1;  // compress whenever that is shorter
  return options;
}

void encode_tensor(benchmark::State& state, ElementType type, const Shape& shape) {
  const Scene scene = make_scene(type, shape, static_cast<std::uint32_t>(state.range(1)));
  Encoder encoder(options_for(state.range(0)));
  std::vector<std::byte> out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    encoder.encode(scene.value, &scene.base, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(scene.value.bytes()));
  state.counters["encoded_kB"] = static_cast<double>(out.size()) / 1e3;
}

void decode_tensor(benchmark::State& state, ElementType type, const Shape& shape) {
  const Scene scene = make_scene(type, shape, static_cast<std::uint32_t>(state.range(1)));
  const EncodeOptions options = options_for(state.range(0));
  std::vector<std::byte> bytes;
  encode(scene.value, &scene.base, options, bytes);
  Decoder decoder(options.isa);
  for ([[maybe_unused]] auto _ : state) {
    const Decoded decoded = decoder.decode(bytes, type, shape, &scene.base);
    benchmark::DoNotOptimize(decoded.array.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(scene.value.bytes()));
  state.counters["encoded_kB"] = static_cast<double>(bytes.size()) / 1e3;
}

void arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"way", "percent"})->Unit(benchmark::kMillisecond);
  benchmark->Args({full, 100});
  for (const std::int64_t way : {changes, packed}) {
    for (const std::int64_t percent : {0, 5, 45, 100}) benchmark->Args({way, percent});
  }
}

// An input frame, and AlexNet's first pooled map at that frame size. way: 0 full, 1 changes, 2 packed.
const Shape frame{1, 3, 480, 720};
const Shape pool1{1, 64, 59, 89};
BENCHMARK_CAPTURE(encode_tensor, frame_u8, ElementType::u8, frame)->Apply(arguments);
BENCHMARK_CAPTURE(decode_tensor, frame_u8, ElementType::u8, frame)->Apply(arguments);
BENCHMARK_CAPTURE(encode_tensor, pool1_f32, ElementType::f32, pool1)->Apply(arguments);
BENCHMARK_CAPTURE(decode_tensor, pool1_f32, ElementType::f32, pool1)->Apply(arguments);

}  // namespace

BENCHMARK_MAIN();
