// What the tensors of a cut cost on a link, and what rounding them ([net] values) does to the network's last
// feature map: bytes, errors and times of each format, closed loop, every frame against the one before.
//   bench_links --video FILE [--frames 20] [--model alexnet --layer 3 ...]
// Without a model: AlexNet behind its first pooling and VGG16 behind its third, features only, random
// weights, frames of 480x720. Bytes are means over all frames but the first, which is whole; errors of a
// tensor are the largest one relative to its largest value and the root of the mean squares relative to that
// of the values, means over frames.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error_line.h"
#include "engine/executor.h"
#include "net/codec/decoder.h"
#include "net/codec/encoder.h"
#include "net/value_rounder.h"
#include "roles/model.h"
#include "roles/video/frame_source.h"

namespace {

using namespace edge;

struct Cut {
  std::string model;
  LayerIndex layer = 0;
};

struct Options {
  std::string video;
  int frames = 20;
  double link = 3e6;
  std::vector<Cut> cuts;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double relative_rms(const Array& a, const Array& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < a.elements(); ++i) {
    const double off = a.values()[i] - b.values()[i];
    difference += off * off;
    size += static_cast<double>(b.values()[i]) * b.values()[i];
  }
  return size > 0 ? std::sqrt(difference / size) : 0;
}

/// One format, frame after frame.
class Way {
 public:
  Way(ValueFormat format, double link)
      : format_(format), encoder_({.speeds = {.link = link}}), decoder_(kernels::active_isa()) {}

  void take(int frame, LayerIndex layer, const Array& value, Executor& executor, const Graph& graph,
            const Array& expected) {
    const double start = now();
    const Array sent = rounder_.round(format_, {{layer, value}}, 1).at(layer);
    const double rounded = now();
    std::vector<std::byte> bytes;
    const net::EncodeStatistics statistics = encoder_.encode(sent, base_ ? &*base_ : nullptr, bytes);
    const double encoded = now();
    const net::Decoded decoded =
        decoder_.decode(bytes, ElementType::f32, value.shape(), base_ ? &*base_ : nullptr);
    const double done = now();
    if (!bit_equal(decoded.array, sent)) throw Error("the codec has changed a value");
    base_ = {static_cast<std::uint64_t>(frame), decoded.array};
    if (decoder_.decompress_speed() > 0) encoder_.set_decompress_speed(decoder_.decompress_speed());
    if (frame == 0) whole_bytes_ = static_cast<double>(bytes.size());
    if (frame == 0) return;
    ++frames_;
    bytes_ += static_cast<double>(bytes.size());
    changed_ += static_cast<double>(statistics.changed_elements) / static_cast<double>(statistics.elements);
    round_s_ += rounded - start;
    encode_s_ += encoded - rounded;
    decode_s_ += done - encoded;
    cut_error_ += max_relative_error(sent, value);
    const TensorMap output = executor.run_range(layer + 1, graph.size(), {{layer, decoded.array}});
    const Array& last = output.begin()->second;
    error_ += max_relative_error(last, expected);
    rms_ += relative_rms(last, expected);
  }

  void print(const Cut& cut) const {
    const double n = std::max(frames_, 1);
    fmt::print(
        "| {}, layer {} | {} | {:.1f} | {:.1f} | {:.1f} % | {:.2g} | {:.2g} | {:.2g} | {:.2f} | {:.2f} | "
        "{:.2f} |\n",
        cut.model, cut.layer, value_format_name(format_), whole_bytes_ / 1e3, bytes_ / n / 1e3,
        100 * changed_ / n, cut_error_ / n, error_ / n, rms_ / n, 1e3 * round_s_ / n, 1e3 * encode_s_ / n,
        1e3 * decode_s_ / n);
    std::fflush(stdout);
  }

 private:
  ValueFormat format_;
  net::ValueRounder rounder_;
  net::Encoder encoder_;
  net::Decoder decoder_;
  std::optional<net::Base> base_;
  int frames_ = 0;
  double whole_bytes_ = 0, bytes_ = 0, changed_ = 0, round_s_ = 0, encode_s_ = 0, decode_s_ = 0;
  double cut_error_ = 0, error_ = 0, rms_ = 0;
};

void measure(const Options& options, const Cut& cut) {
  ModelConfig config;
  use_model(config, cut.model);
  config.features_only = true;
  const Network network = load_network(config);
  if (cut.layer < 1 || cut.layer + 1 >= network.graph.size() ||
      network.graph.boundary(cut.layer + 1) != std::vector<LayerIndex>{cut.layer}) {
    throw Error(fmt::format("{}: layer {} alone is not what crosses a cut", cut.model, cut.layer));
  }
  Executor executor(network.graph, *network.weights, {.threads = 1});
  std::vector<Way> ways;
  for (const ValueFormat format : {ValueFormat::exact, ValueFormat::float16, ValueFormat::int8}) {
    ways.emplace_back(format, options.link);
  }
  const auto source =
      open_frame_source({.source = options.video, .rows = config.rows, .columns = config.columns});
  for (int frame = 0; frame < options.frames; ++frame) {
    const std::optional<Array> pixels = source->next();
    if (!pixels) break;
    const Array value = executor.run_range(1, cut.layer + 1, {{0, as_floats(*pixels)}}).at(cut.layer);
    const TensorMap output = executor.run_range(cut.layer + 1, network.graph.size(), {{cut.layer, value}});
    for (Way& way : ways) {
      way.take(frame, cut.layer, value, executor, network.graph, output.begin()->second);
    }
  }
  for (const Way& way : ways) way.print(cut);
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::string value = arguments[i + 1];
    if (name == "--video") {
      options.video = value;
    } else if (name == "--frames") {
      options.frames = std::atoi(value.c_str());
    } else if (name == "--link") {
      options.link = std::atof(value.c_str());
    } else if (name == "--model") {
      options.cuts.push_back({.model = value});
    } else if (name == "--layer" && !options.cuts.empty()) {
      options.cuts.back().layer = std::atoi(value.c_str());
    } else {
      break;
    }
  }
  if (options.cuts.empty()) options.cuts = {{"alexnet", 3}, {"vgg16", 17}};
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  if (options.video.empty()) {  // `make bench` gives none
    fmt::print(
        "usage: bench_links --video FILE [--frames 20] [--link BYTES_PER_S] [--model NAME --layer N]...\n");
    return 0;
  }
  try {
    fmt::print(
        "| cut | values | first kB | kB per frame | changed | error at the cut | of the last map | its rms | "
        "round ms | "
        "encode ms | decode ms |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const Cut& cut : options.cuts) measure(options, cut);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_links: {}\n", line_of(error));
    return 1;
  }
}
