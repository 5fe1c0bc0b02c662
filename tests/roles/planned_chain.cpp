#include "tests/roles/planned_chain.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>
#include <utility>

#include "engine/dirty_shares.h"
#include "engine/models/models.h"

namespace edge::test {
namespace {

constexpr int group_frames = 3;
constexpr double latency_s = 0.0015;
constexpr double burst_bytes = 64e3;  // that a token bucket lets through at once
constexpr double sample_error = 2;    // of scenes' shares: how much bytes vary from frame to frame

/// Uniform in (0, 1), from what names the draw: the order of draws plays no part.
double drawn(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15U + a * 0xbf58476d1ce4e5b9U + b * 0x94d049bb133111ebU +
                    c * 0xd6e8feb86659fd93U + 1;
  for (int i = 0; i < 3; ++i) {
    x ^= x >> 31U;
    x *= 0x7fb5d329728ea185U;
    x ^= x >> 27U;
  }
  return (static_cast<double>(x >> 11U) + 0.5) * 0x1p-53;
}

/// A factor near 1: log-normal.
double factor(double sigma, std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const double u = drawn(seed, a, b, 2 * c);
  const double v = drawn(seed, a, b, 2 * c + 1);
  return std::exp(sigma * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v));
}

enum Draw : std::uint64_t { layer_profile, layer_bytes, computation, outlier, transfer, frame_bytes, rates };

/// Bytes per changed element saturate in feature maps: a few changed pixels change half of a window's.
prediction::TransferBytes bytes_of(const Graph& graph, double rate) {
  prediction::TransferBytes bytes;
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    const auto elements = static_cast<double>(graph.layer(layer).output_shape.elements());
    const double spread = layer == 0 ? rate : rate / (rate + 0.25) * 1.25;
    bytes.raw.push_back(elements * (layer == 0 ? 0.25 : 2.2));
    bytes.delta.push_back(bytes.raw.back() * 0.75 * spread);
  }
  return bytes;
}

/// What a trainer would know: the truth, but for an error of each layer.
class Predictor final : public prediction::TransferPredictor {
 public:
  Predictor(const Graph& graph, std::vector<double> errors)
      : graph_(graph), errors_(std::move(errors)), mean_(with_errors(0.3)) {}
  prediction::TransferBytes predict(std::span<const double> input_rates) const override {
    return with_errors(input_rates.front());
  }
  const prediction::TransferBytes& mean() const override { return mean_; }

 private:
  prediction::TransferBytes with_errors(double rate) const {
    prediction::TransferBytes bytes = bytes_of(graph_, rate);
    for (std::size_t layer = 0; layer < errors_.size(); ++layer) {
      bytes.delta[layer] *= errors_[layer];
      bytes.raw[layer] *= std::sqrt(errors_[layer]);
    }
    return bytes;
  }
  const Graph& graph_;
  std::vector<double> errors_;
  prediction::TransferBytes mean_;
};

Config config_of(const PlannedCase& chain, const std::string& scheduler) {
  Config config;
  config.file = "test.toml";
  config.workers.resize(chain.speeds.size());
  const std::size_t colon = scheduler.find(':');
  config.schedule.scheduler = scheduler.substr(0, colon);
  if (colon != std::string::npos) config.schedule.side = scheduler.substr(colon + 1);
  config.schedule.pending = static_cast<int>(chain.pending);
  config.schedule.group_size = group_frames;
  config.video.frames = static_cast<decltype(config.video.frames)>(chain.frames);
  return config;
}

/// By layer: the part of its output that changes if a square of `rate` of the picture does.
std::vector<double> shares_of(const DirtyShares& dirty, const Graph& graph, double rate,
                              std::uint64_t frame) {
  const Shape& shape = graph.layer(0).output_shape;
  kernels::DirtyMap map(shape[2], shape[3]);
  const auto rows = static_cast<std::int64_t>(std::sqrt(rate) * static_cast<double>(shape[2]));
  const auto columns = static_cast<std::int64_t>(std::sqrt(rate) * static_cast<double>(shape[3]));
  const auto first = static_cast<std::int64_t>(frame % 50) * (shape[3] - columns) / 50;
  for (std::int64_t row = 0; row < rows && columns > 0; ++row)
    map.mark(row + (shape[2] - rows) / 2, first, columns);
  return dirty.of(map);
}

class Devices {
 public:
  Devices(const PlannedCase& chain, const Graph& graph) : chain_(chain), graph_(graph), dirty_(graph) {
    // Layers take their multiply-adds, and moving what they make.
    double sum = 0;
    for (const Layer& layer : graph.layers()) {
      layer_s_.push_back(static_cast<double>(layer.macs) +
                         8 * static_cast<double>(layer.output_shape.elements()));
    }
    layer_s_.front() = 0;
    for (const double seconds : layer_s_) sum += seconds;
    for (double& seconds : layer_s_) seconds *= chain.network_s / sum;
    const std::size_t stages = 2 * chain.speeds.size();
    free_.assign(stages, 0.0);
    last_compute_at_.assign(chain.speeds.size(), -1e9);
    last_transfer_.assign(chain.speeds.size(), {});
    cached_.assign(chain.speeds.size(), {});
    kept_.assign(chain.speeds.size(), {});
  }

  const DirtyShares& dirty() const { return dirty_; }

  std::vector<std::vector<double>> profiles() const {
    std::vector<std::vector<double>> profiles;
    for (std::size_t worker = 0; worker < chain_.speeds.size(); ++worker) {
      std::vector<double> profile;
      double sum = 0;
      for (std::size_t layer = 0; layer < layer_s_.size(); ++layer) {
        profile.push_back(layer_s_[layer] / chain_.speeds[worker] *
                          factor(chain_.profile_error, chain_.seed, layer_profile, worker, layer));
        sum += profile.back();
      }
      const double whole = chain_.network_s / chain_.speeds[worker] *
                           factor(chain_.profile_error / 3, chain_.seed, layer_profile, worker, 9999);
      for (double& seconds : profile) seconds *= whole / sum;
      profiles.push_back(std::move(profile));
    }
    return profiles;
  }

  std::vector<double> byte_errors() const {
    std::vector<double> errors;
    for (std::size_t layer = 0; layer < layer_s_.size(); ++layer) {
      errors.push_back(factor(chain_.bytes_error, chain_.seed, layer_bytes, 0, layer));
    }
    return errors;
  }

  /// A frame that is handed to the first link at `now`; when its result is there.
  double pass(std::uint64_t frame, const scheduling::Plan& plan, double now, chain::Result& result) {
    const double rate = chain_.rate(frame);
    const prediction::TransferBytes bytes = bytes_of(graph_, rate);
    result = {.frame = frame, .run = {}};
    result.stages.push_back({.worker = -1, .transfer = last_transfer_[0]});
    double time = now;
    double encode_s = 0;
    for (std::size_t worker = 0; worker <= static_cast<std::size_t>(plan.last_active()); ++worker) {
      const LayerIndex first = plan.begin(static_cast<int>(worker));
      const std::vector<LayerIndex> tensors = graph_.boundary(first);
      double sent = 200;
      double floats = 0;
      for (const LayerIndex tensor : tensors) {
        const auto index = static_cast<std::size_t>(tensor);
        const bool held =
            std::find(cached_[worker].begin(), cached_[worker].end(), tensor) != cached_[worker].end();
        sent +=
            (held ? bytes.delta : bytes.raw)[index] * factor(0.08, chain_.seed, frame_bytes, frame, index);
        floats += static_cast<double>(graph_.output_bytes(tensor)) / (tensor == 0 ? 4 : 1);
      }
      cached_[worker] = tensors;
      encode_s = floats / 400e6 / (worker > 0 ? chain_.speeds[worker - 1] : 2);
      const double decode_s = floats / 600e6 / chain_.speeds[worker];
      result.stages.back().encode_s = encode_s;
      result.stages.back().encode_at = time;
      if (worker > 0) {  // on the same cores as the layers
        free_[2 * worker - 1] += 0.5 * encode_s;
      }
      const double begins = std::max(free_[2 * worker], time + encode_s);
      const double idle = begins - free_[2 * worker];
      const double rate_now = chain_.bytes_per_s[worker] * changed(chain_.link_change, frame, worker);
      const double at_once = std::min(burst_bytes, idle * rate_now);
      const double seconds = latency_s + std::max(0.0, sent - at_once) / rate_now *
                                             factor(chain_.noise, chain_.seed, transfer, frame, worker);
      const double arrived = begins + seconds;
      free_[2 * worker] = arrived;
      last_transfer_[worker] = {.bytes = static_cast<std::uint64_t>(sent), .seconds = seconds};
      const double start = std::max(free_[2 * worker + 1], arrived + decode_s);
      const double compute_s = computing(frame, plan, worker, start);
      last_compute_at_[worker] = start;
      free_[2 * worker + 1] = start + compute_s;
      time = start + compute_s;
      chain::StageReport report{.worker = static_cast<int>(worker),
                                .receive_bytes = static_cast<std::uint64_t>(sent),
                                .receive_s = seconds,
                                .decode_s = decode_s,
                                .compute_s = compute_s,
                                .received_at = arrived,
                                .compute_at = start};
      if (worker + 1 < chain_.speeds.size()) report.transfer = std::exchange(last_transfer_[worker + 1], {});
      result.stages.push_back(report);
    }
    last_transfer_[0].seconds = std::max(last_transfer_[0].seconds, 1e-4);
    return time + 0.001;
  }

 private:
  static double changed(const std::function<double(std::uint64_t, std::size_t)>& change, std::uint64_t frame,
                        std::size_t which) {
    return change ? change(frame, which) : 1;
  }

  double computing(std::uint64_t frame, const scheduling::Plan& plan, std::size_t worker, double start) {
    double seconds = 0;
    const std::pair range{plan.begin(static_cast<int>(worker)), plan.end(static_cast<int>(worker))};
    const bool in_part = std::exchange(kept_[worker], range) == range && chain_.keep;
    std::vector<double> shares;
    if (in_part) shares = shares_of(dirty_, graph_, chain_.rate(frame), frame);
    for (LayerIndex layer = range.first; layer < range.second; ++layer) {
      const auto index = static_cast<std::size_t>(layer);
      seconds += layer_s_[index] * (in_part ? std::min(1.0, 0.05 + 1.15 * shares[index]) : 1);
    }
    seconds /= chain_.speeds[worker] * changed(chain_.speed_change, frame, worker);
    seconds *= factor(chain_.noise, chain_.seed, computation, frame, worker);
    if (drawn(chain_.seed, outlier, frame, worker) < 0.03) seconds *= 1.5;
    // A device that was idle has its share of the CPU unused.
    const double busy = seconds / std::max(seconds, start - last_compute_at_[worker]);
    return seconds * std::min(1.0, 0.6 + 0.6 * busy);
  }

  const PlannedCase& chain_;
  const Graph& graph_;
  const DirtyShares dirty_;
  std::vector<std::pair<LayerIndex, LayerIndex>> kept_;
  std::vector<double> layer_s_;
  std::vector<double> free_;  ///< by stage
  std::vector<double> last_compute_at_;
  std::vector<net::Transfer> last_transfer_;
  std::vector<std::vector<LayerIndex>> cached_;
};

}  // namespace

PlannedRun run_planned(const PlannedCase& chain, const std::string& scheduler) {
  const Model model{.graph = make_model(chain.network, {.rows = 480, .columns = 720, .features_only = true}),
                    .weights = nullptr,
                    .labels = {},
                    .framing = {},
                    .hash = {},
                    .text = {}};
  const Config config = config_of(chain, scheduler);
  double now = 0;
  Planner planner(config, model, [&now] { return now; });
  Devices devices(chain, model.graph);
  scheduling::Route everybody(chain.bytes_per_s.size());
  std::iota(everybody.begin(), everybody.end(), 0);
  planner.begin_epoch(everybody, devices.profiles(), {chain.bytes_per_s.begin(), chain.bytes_per_s.end()});
  planner.set_predictor(std::make_shared<Predictor>(model.graph, devices.byte_errors()));

  PlannedRun run;
  std::deque<std::pair<double, chain::Result>> under_way;
  const auto deliver = [&] {
    now = std::max(now, under_way.front().first);
    run.finished.push_back(under_way.front().first);
    planner.finished(under_way.front().second);
    under_way.pop_front();
  };
  scheduling::Plan plan;
  for (std::uint64_t frame = 0; frame < chain.frames; ++frame) {
    while (under_way.size() >= chain.pending) deliver();
    if (frame % group_frames == 0) {
      std::vector<FrameChange> changes;
      for (std::uint64_t i = frame; i < frame + group_frames; ++i) {
        changes.push_back(
            {.rates = std::vector<double>(3, chain.rate(i)), .unchanged = i > 0 && chain.rate(i) == 0});
        if (chain.keep && i > 0) {
          changes.back().dirty_shares = shares_of(devices.dirty(), model.graph, chain.rate(i), i);
        }
      }
      plan = planner.plan(frame, std::move(changes));
      run.plans.push_back(plan);
    }
    if (frame > 0 && chain.rate(frame) == 0) {
      // It has its result with the frame before; the planner knows nothing of it.
      under_way.emplace_back(under_way.empty() ? now : under_way.back().first,
                             chain::Result{.frame = frame, .run = {}});
      continue;
    }
    planner.sent(frame, plan);
    chain::Result result;
    const double finished = devices.pass(frame, plan, now, result);
    // Results come in the order of frames; one of a shorter way waits for those in front of it.
    under_way.emplace_back(under_way.empty() ? finished : std::max(finished, under_way.back().first),
                           std::move(result));
  }
  while (!under_way.empty()) deliver();
  run.summary = planner.summary();
  run.costs = planner.final_costs();
  return run;
}

std::function<double(std::uint64_t)> scene(const std::string& name, std::uint64_t seed) {
  return [name, seed](std::uint64_t frame) {
    const double noise = factor(0.1, seed, rates, 0, frame);
    const auto time = static_cast<double>(frame);
    if (name == "noisy") return 0.46 * factor(0.03, seed, rates, 1, frame);
    if (name == "walker") {
      const double there = std::max(0.0, std::sin(time / 25));
      return std::min(1.0, (0.02 + 0.5 * there * there) * noise);
    }
    if (name == "quiet") return (frame / 20) % 4 == 3 ? std::min(1.0, 0.25 * noise) : 0.01 * noise;
    return std::min(1.0, (0.25 + 0.1 * std::sin(time / 40)) * noise);  // "street"
  };
}

}  // namespace edge::test
