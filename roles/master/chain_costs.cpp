#include "roles/master/chain_costs.h"

#include <algorithm>
#include <numeric>

namespace edge {

using scheduling::Costs;
using scheduling::Plan;

namespace {

constexpr std::size_t usual_frames = 120;  // that the scene is known by ...
constexpr std::size_t usual_piece = 15;    // ... in pieces of so many
constexpr int weight_of_now = 5;           // the last two groups count as so many pieces

std::vector<std::vector<LayerIndex>> boundaries(const Graph& graph) {
  std::vector<std::vector<LayerIndex>> boundaries(1);
  for (LayerIndex first = 1; first <= graph.size(); ++first) boundaries.push_back(graph.boundary(first));
  return boundaries;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

ChainCosts::ChainCosts(const Config& config, const Model& model)
    : graph_(model.graph),
      boundary_(boundaries(model.graph)),
      group_frames_(static_cast<std::size_t>(config.schedule.group_size)),
      forecast_(model.graph, config.net.mode == Mode::full, config.net.values) {}

void ChainCosts::begin_epoch(const scheduling::Route& route, std::vector<std::vector<double>> profiles,
                             std::vector<std::optional<double>> bandwidth) {
  if (!estimator_) {
    estimator_.emplace(std::move(profiles), std::move(bandwidth), route);
  } else {
    estimator_->set_route(route, std::move(profiles), std::move(bandwidth));
  }
  cached_.assign(route.size(), {});
  kept_.assign(route.size(), {});
  last_compute_at_.assign(route.size(), 0);
}

void ChainCosts::add_transfer(int worker, const net::Transfer& transfer) {
  if (estimator_) estimator_->add_transfer(worker, transfer);
}

void ChainCosts::add_to_scene(const std::vector<FrameChange>& changes) {
  for (const FrameChange& change : changes) {
    workers_keep_ = workers_keep_ || !change.dirty_shares.empty();
    if (!change.rates.empty()) recent_.push_back(change);
  }
  while (recent_.size() > usual_frames) recent_.pop_front();
}

/// Short pieces of the video as it was lately; the newest counts more. Pieces, not one mean: where the scene
/// is still most of the time, a cut that is bad for the rest is not as good as the mean says.
void ChainCosts::add_usual(Costs& costs) const {
  const auto add = [&](std::size_t begin, std::size_t end) {
    const double weight = 1 / static_cast<double>(end - begin);
    std::vector<double> rates(recent_[begin].rates.size());
    std::vector<double> part(workers_keep_ ? costs.layer_cost.size() : 0);
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t channel = 0; channel < rates.size(); ++channel) {
        rates[channel] += recent_[i].rates[channel] * weight;
      }
      if (!workers_keep_) continue;
      const std::vector<double> of_frame = computed_part(recent_[i]);
      for (std::size_t layer = 0; layer < part.size(); ++layer) part[layer] += of_frame[layer] * weight;
    }
    costs.usual_delta_bytes.push_back(forecast_.predict(rates).delta);
    if (workers_keep_) costs.usual_computed_part.push_back(std::move(part));
  };
  const std::size_t frames = recent_.size();
  for (std::size_t end = frames; end > 0;) {
    const std::size_t begin = end - std::min(end, usual_piece);
    add(begin, end);
    end = begin;
  }
  for (int i = 0; frames > 0 && i < weight_of_now; ++i) {
    add(frames - std::min(frames, 2 * group_frames_), frames);
  }
  if (frames >= usual_frames) return;
  // As if frames like those of the training had been seen before.
  costs.usual_delta_bytes.push_back(forecast_.predict({}).delta);
  if (!workers_keep_) return;
  // Of how much of the layers they compute nothing is known: as the others.
  std::vector<double> mean(costs.layer_cost.size(), frames == 0 ? 1.0 : 0.0);
  for (const std::vector<double>& part : costs.usual_computed_part) {
    for (std::size_t layer = 0; layer < mean.size(); ++layer) {
      mean[layer] += part[layer] / static_cast<double>(costs.usual_computed_part.size());
    }
  }
  costs.usual_computed_part.push_back(std::move(mean));
}

/// Of each layer's seconds, what a frame takes of a worker that has kept the outputs of the one before.
std::vector<double> ChainCosts::computed_part(const FrameChange& change) const {
  std::vector<double> part(static_cast<std::size_t>(graph_.size()), 1.0);
  if (change.dirty_shares.empty()) return part;
  for (std::size_t layer = 0; layer < part.size(); ++layer) {
    const double share = change.dirty_shares[layer];
    part[layer] = share > 0 ? std::min(1.0, estimator_->incremental(share)) : 0;
  }
  return part;
}

Costs ChainCosts::of_group(const std::vector<FrameChange>& changes) const {
  Costs costs;
  // load_balance looks at these two, which stay as they were profiled: without a look at links and caches,
  // following every fluctuation would cost more than it gains.
  costs.layer_cost = estimator_->profiles().front();
  for (const std::vector<double>& profile : estimator_->profiles()) {
    const double own = sum_of(profile);
    costs.capacity.push_back(own > 0 && sum_of(costs.layer_cost) > 0 ? sum_of(costs.layer_cost) / own : 1.0);
  }
  costs.worker_layer_cost = estimator_->layer_cost();
  costs.bandwidth = estimator_->bandwidth();
  costs.link_offset = estimator_->link_offset();
  for (const FrameChange& change : changes) {
    prediction::TransferBytes bytes = forecast_.predict(change.rates);
    if (workers_keep_) costs.computed_part.push_back(computed_part(change));
    costs.raw_bytes.push_back(std::move(bytes.raw));
    costs.delta_bytes.push_back(std::move(bytes.delta));
  }
  add_usual(costs);
  if (workers_keep_) costs.kept = kept_;
  for (int worker = 0; worker < costs.workers(); ++worker) {
    std::vector<double>& coding_s = costs.coding_s.emplace_back();
    for (LayerIndex layer = 0; layer < graph_.size(); ++layer) {
      coding_s.push_back(estimator_->codec_s_per_byte(worker) *
                         static_cast<double>(graph_.transfer_bytes(layer)));
    }
  }
  costs.known_ranges = estimator_->known_ranges();
  costs.cached = cached_;
  costs.boundary = boundary_;
  return costs;
}

ChainCosts::Held ChainCosts::sent(const Plan& plan) {
  Held held{.kept = std::vector<bool>(cached_.size()), .whole = std::vector<bool>(cached_.size(), true)};
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    const auto index = static_cast<std::size_t>(worker);
    const std::vector<LayerIndex>& tensors = boundary_[static_cast<std::size_t>(plan.begin(worker))];
    held.whole[index] = cached_[index] != tensors;
    cached_[index] = tensors;
    if (plan.idle(worker)) continue;
    const std::pair range{plan.begin(worker), plan.end(worker)};
    held.kept[index] = std::exchange(kept_[index], range) == range;
  }
  return held;
}

void ChainCosts::learn_from(const Plan& plan, const FrameChange& change, const Held& held,
                            const chain::StageReport& report, double encode_s) {
  const int workers = static_cast<int>(cached_.size());
  if (report.worker < -1 || report.worker >= workers) return;
  if (report.transfer.bytes > 0 && report.worker + 1 < workers) {
    estimator_->add_transfer(report.worker + 1, report.transfer);
  }
  if (report.worker < 0 || report.worker > plan.last_active()) return;
  const LayerIndex first = plan.begin(report.worker);
  // A worker that ran other layers before computes all of them.
  const bool in_part = workers_keep_ && held.kept[static_cast<std::size_t>(report.worker)];
  const std::vector<double> part = in_part ? computed_part(change) : std::vector<double>{};
  const std::vector<LayerIndex>& tensors = boundary_[static_cast<std::size_t>(first)];
  double tensor_bytes = 0;
  for (const LayerIndex tensor : tensors) {
    tensor_bytes += static_cast<double>(graph_.transfer_bytes(tensor));
  }
  double& before = last_compute_at_[static_cast<std::size_t>(report.worker)];
  const double since = report.compute_at - std::exchange(before, report.compute_at);
  estimator_->add_computation(report.worker, first, plan.end(report.worker), report.compute_s,
                              since > 0 ? std::min(1.0, report.compute_s / since) : 1.0, part);
  estimator_->add_codec(report.worker, encode_s + report.decode_s, tensor_bytes);
  forecast_.observe(tensors, !held.whole[static_cast<std::size_t>(report.worker)], change.rates,
                    static_cast<double>(report.receive_bytes));
}

std::vector<double> ChainCosts::whole_network_s() const {
  // Frames that nothing changes in are not sent, and do not count in either time.
  std::vector<double> part(static_cast<std::size_t>(graph_.size()));
  double frames = 0;
  for (const FrameChange& change : recent_) {
    if (!change.dirty_shares.empty() && change.dirty_shares.front() == 0) continue;
    const std::vector<double> of_frame = computed_part(change);
    for (std::size_t layer = 0; layer < part.size(); ++layer) part[layer] += of_frame[layer];
    ++frames;
  }
  for (double& of_layer : part) of_layer = frames > 0 ? of_layer / frames : 1;
  std::vector<double> seconds;
  for (const std::vector<double>& cost : estimator_->layer_cost()) {
    seconds.push_back(std::inner_product(part.begin(), part.end(), cost.begin(), 0.0));
  }
  return seconds;
}

}  // namespace edge
