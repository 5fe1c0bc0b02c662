// Computing only what changed beside computing everything: both run each frame of a video one after the other
// in one process, on one thread by default; the figure is the CPU time of all frames but the first.
//   bench_incremental --model vgg16 --features --video media/sample.mp4 --gate 4 --frames 60
//   bench_incremental --model alexnet --features --video walk.mp4 --skip 1200 --gate 0
//   bench_incremental --model resnet18 --check     every layer of every frame, bit for bit
// With --plan-changes the network is cut anew every so many frames, and the parts run one after the other.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <cxxopts.hpp>
#include <exception>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "roles/model.h"
#include "roles/video/frame_hold.h"
#include "roles/video/frame_source.h"

namespace {

using namespace edge;

struct Options {
  ModelConfig model;
  VideoOptions video;
  HoldOptions hold;
  std::uint64_t skip = 0;
  int frames = 30;
  int threads = 1;
  std::size_t keep_bytes = 0;
  bool check = false;
  int plan_changes = 0;  ///< frames from one cut to the next; 0: never cut
};

Options parse(int argc, char** argv) {
  cxxopts::Options parser("bench_incremental", "Computing only what changed, beside computing everything");
  parser.allow_unrecognised_options();  // those of the other benchmarks
  parser.add_options()("model", "network or ONNX file",
                       cxxopts::value<std::string>()->default_value("alexnet"))(
      "features", "without the classifier")("size", "ROWSxCOLUMNS", cxxopts::value<std::string>())(
      "video", "source", cxxopts::value<std::string>()->default_value("media/sample.mp4"))(
      "skip", "frames at the start", cxxopts::value<std::uint64_t>()->default_value("0"))(
      "frames", "to compare", cxxopts::value<int>()->default_value("30"))(
      "gate", "as [video] gate", cxxopts::value<int>()->default_value("4"))(
      "refresh", "as [video] refresh", cxxopts::value<double>()->default_value("0.015625"))(
      "deadband", "as [video] deadband", cxxopts::value<int>()->default_value("0"))(
      "threads", "of the executor", cxxopts::value<int>()->default_value("1"))(
      "keep", "MB of outputs that are kept", cxxopts::value<std::size_t>()->default_value("4096"))(
      "check", "compare the outputs of all layers")("plan-changes", "frames from one random cut to the next",
                                                    cxxopts::value<int>()->default_value("0"));
  const cxxopts::ParseResult given = parser.parse(argc, argv);
  Options options;
  use_model(options.model, given["model"].as<std::string>());
  options.model.features_only = given.count("features") > 0;
  if (const auto usual = usual_frame_size(options.model.name)) {
    options.model.rows = usual->rows;
    options.model.columns = usual->columns;
  }
  if (given.count("size") > 0) {
    const std::string size = given["size"].as<std::string>();
    options.model.rows = std::stoll(size);
    options.model.columns = std::stoll(size.substr(size.find('x') + 1));
  }
  options.video.source = given["video"].as<std::string>();
  options.hold = {.deadband = given["deadband"].as<int>(),
                  .gate = given["gate"].as<int>(),
                  .refresh = given["refresh"].as<double>()};
  options.skip = given["skip"].as<std::uint64_t>();
  options.frames = given["frames"].as<int>();
  options.threads = given["threads"].as<int>();
  options.keep_bytes = given["keep"].as<std::size_t>() << 20;
  options.check = given.count("check") > 0;
  options.plan_changes = given["plan-changes"].as<int>();
  return options;
}

double cpu_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

/// A chain in one process: the network in parts, each with an executor of its own.
class Chain {
 public:
  Chain(const Network& network, const Options& options, std::size_t keep_bytes, bool all_layers)
      : graph_(network.graph), all_layers_(all_layers) {
    ExecutorOptions executor;
    executor.threads = options.threads;
    executor.keep_bytes = keep_bytes;
    for (int i = 0; i < 2; ++i)
      parts_.push_back(std::make_unique<Executor>(graph_, *network.weights, executor));
  }

  /// Layers up to `cut` - 1 in the first part.
  TensorMap run(const Array& frame, LayerIndex cut) {
    const TensorMap middle = run_part(*parts_[0], 1, cut, {{0, frame}});
    TensorMap given = middle;
    given.emplace(0, frame);
    TensorMap outputs = run_part(*parts_[1], cut, graph_.size(), given);
    if (all_layers_) outputs.insert(middle.begin(), middle.end());
    return outputs;
  }

  ComputedShare computed() const {
    ComputedShare sum;
    for (const auto& part : parts_) {
      sum.computed += part->computed().computed;
      sum.all += part->computed().all;
    }
    return sum;
  }
  std::size_t kept_bytes() const { return parts_[0]->kept_bytes() + parts_[1]->kept_bytes(); }

 private:
  TensorMap run_part(Executor& executor, LayerIndex first, LayerIndex last, const TensorMap& given) {
    std::vector<LayerIndex> layers(static_cast<std::size_t>(last - first));
    std::iota(layers.begin(), layers.end(), first);
    return executor.run(layers, given, all_layers_ ? layers : graph_.boundary(last));
  }

  const Graph& graph_;
  bool all_layers_;
  std::vector<std::unique_ptr<Executor>> parts_;
};

int different_layers(const TensorMap& a, const TensorMap& b) {
  int count = 0;
  for (const auto& [layer, output] : a) {
    const auto found = b.find(layer);
    if (found == b.end() || !bit_equal(output, found->second)) ++count;
  }
  return count;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int compare(const Options& options) {
  const Network network = load_network(options.model);
  VideoOptions video = options.video;
  video.rows = options.model.rows;
  video.columns = options.model.columns;
  video.framing = framing_of(options.model, network.graph, "auto");
  const auto source = open_frame_source(video);
  FrameHold hold(options.hold);
  for (std::uint64_t i = 0; i < options.skip; ++i) static_cast<void>(source->next());

  Chain dense(network, options, 0, options.check);
  Chain kept(network, options, options.keep_bytes, options.check);
  std::mt19937 random(1);
  LayerIndex cut = network.graph.size();
  Array last;   // as the video gave it
  Array frame;  // the same in floats
  std::vector<double> dense_ms, kept_ms;
  double computed = 0, all = 0;
  int wrong = 0, compared = 0;
  for (int i = 0; i <= options.frames; ++i) {
    std::optional<Array> picture = source->next();
    if (!picture) break;
    const Array held = hold.hold(std::move(*picture));
    if (frame.empty() || held.data() != last.data()) frame = as_floats(held);
    last = held;
    if (options.plan_changes > 0 && i % options.plan_changes == 0) {
      cut = 2 + static_cast<LayerIndex>(random() % static_cast<unsigned>(network.graph.size() - 2));
    }
    const double begin = cpu_milliseconds();
    const TensorMap expected = dense.run(frame, cut);
    const double middle = cpu_milliseconds();
    const TensorMap outputs = kept.run(frame, cut);
    const double end = cpu_milliseconds();
    const int different = different_layers(expected, outputs);
    if (different > 0) fmt::print("frame {}: {} of {} outputs differ\n", i, different, expected.size());
    wrong += different > 0 ? 1 : 0;
    ++compared;
    if (i == 0) continue;  // nothing was kept yet
    dense_ms.push_back(middle - begin);
    kept_ms.push_back(end - middle);
    computed += kept.computed().computed;
    all += kept.computed().all;
  }
  const double dense_sum = std::accumulate(dense_ms.begin(), dense_ms.end(), 0.0);
  const double kept_sum = std::accumulate(kept_ms.begin(), kept_ms.end(), 0.0);
  fmt::print(
      "{}{} {}x{}, {}, gate {}: {} frames, dense {:.1f} ms, changed {:.1f} ms (medians {:.1f}, {:.1f}), "
      "{:.2f}x, "
      "computed {:.1f} %, kept {:.0f} MB, frames with other bits: {}\n",
      network.graph.name(), options.model.features_only ? " features" : "", options.model.rows,
      options.model.columns, options.video.source.substr(options.video.source.rfind('/') + 1),
      options.hold.gate, compared - 1, dense_sum / std::max<double>(1, static_cast<double>(dense_ms.size())),
      kept_sum / std::max<double>(1, static_cast<double>(kept_ms.size())), median(dense_ms), median(kept_ms),
      kept_sum > 0 ? dense_sum / kept_sum : 0, all > 0 ? 100 * computed / all : 0,
      static_cast<double>(kept.kept_bytes()) / (1 << 20), wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return compare(parse(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_incremental: {}\n", error.what());
    return 2;
  }
}
