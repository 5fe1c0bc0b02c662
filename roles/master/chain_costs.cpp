#include "roles/master/chain_costs.h"

#include <algorithm>
#include <numeric>
#include <utility>

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
    if (!change.rates.empty() && !change.unchanged) recent_.push_back(change);
  }
  while (recent_.size() > usual_frames) recent_.pop_front();
}

/// Short pieces of the video as it was lately; the newest counts more. Pieces, not one mean: where the scene
/// is still most of the time, a cut that is bad for the rest is not as good as the mean says.
void ChainCosts::add_usual(Costs& costs) const {
  const auto add = [&](std::size_t begin, std::size_t end) {
    const FrameChange piece = mean_change(begin, end);
    costs.usual_delta_bytes.push_back(forecast_.predict(piece.rates).delta);
    if (workers_keep_) costs.usual_dirty_share.push_back(shares_of(piece));
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
  // Of how much of the layers they change nothing is known: as the others.
  if (workers_keep_) costs.usual_dirty_share.push_back(shares_of(mean_change(0, frames)));
}

/// Of the frames as they were lately.
FrameChange ChainCosts::mean_change(std::size_t begin, std::size_t end) const {
  FrameChange mean;
  const double weight = 1 / static_cast<double>(end - begin);
  const auto add = [&](const std::vector<double>& values, std::vector<double>& sum) {
    sum.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i] * weight;
  };
  for (std::size_t i = begin; i < end; ++i) {
    add(recent_[i].rates, mean.rates);
    if (workers_keep_) add(shares_of(recent_[i]), mean.dirty_shares);
  }
  return mean;
}

std::vector<FrameChange> ChainCosts::frames_of_late() const {
  std::vector<FrameChange> frames;
  const std::size_t count = std::min(group_frames_, recent_.size());
  for (std::size_t i = 0; i < count; ++i) {
    frames.push_back(mean_change(i * recent_.size() / count, (i + 1) * recent_.size() / count));
  }
  return frames;
}

/// Of a frame of which nothing is known, all may change.
std::vector<double> ChainCosts::shares_of(const FrameChange& change) const {
  if (!change.dirty_shares.empty()) return change.dirty_shares;
  return std::vector<double>(static_cast<std::size_t>(graph_.size()), 1.0);
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
    if (workers_keep_) costs.dirty_share.push_back(shares_of(change));
    costs.raw_bytes.push_back(std::move(bytes.raw));
    costs.delta_bytes.push_back(std::move(bytes.delta));
  }
  add_usual(costs);
  if (workers_keep_) costs.kept = kept_;
  costs.return_s = return_s();
  for (int worker = 0; worker < costs.workers(); ++worker) {
    costs.part_cost.push_back(estimator_->part_cost(worker));
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
                            std::span<const chain::StageReport> stages) {
  double encode_s = 0;
  for (const chain::StageReport& report : stages) {
    learn_from_stage(plan, change, held, report, std::exchange(encode_s, report.encode_s));
  }
  estimator_->next_frame();
}

/// `encode_s`: encoding for the link into the report's worker.
void ChainCosts::learn_from_stage(const Plan& plan, const FrameChange& change, const Held& held,
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
  const std::vector<double> shares = in_part ? shares_of(change) : std::vector<double>{};
  const std::vector<LayerIndex>& tensors = boundary_[static_cast<std::size_t>(first)];
  double tensor_bytes = 0;
  for (const LayerIndex tensor : tensors) {
    tensor_bytes += static_cast<double>(graph_.transfer_bytes(tensor));
  }
  double& before = last_compute_at_[static_cast<std::size_t>(report.worker)];
  const double since = report.compute_at - std::exchange(before, report.compute_at);
  estimator_->add_computation(report.worker, first, plan.end(report.worker), report.compute_s,
                              since > 0 ? std::min(1.0, report.compute_s / since) : 1.0, shares);
  estimator_->add_codec(report.worker, encode_s + report.decode_s, tensor_bytes);
  forecast_.observe(tensors, !held.whole[static_cast<std::size_t>(report.worker)], change.rates,
                    static_cast<double>(report.receive_bytes));
}

std::vector<double> ChainCosts::whole_network_s() const {
  const std::vector<std::vector<double>> costs = estimator_->layer_cost();
  std::vector<double> seconds;
  for (std::size_t worker = 0; worker < costs.size(); ++worker) {
    const scheduling::PartCost part = estimator_->part_cost(static_cast<int>(worker));
    double& sum = seconds.emplace_back();
    for (const FrameChange& change : recent_) {
      for (std::size_t layer = 0; layer < costs[worker].size(); ++layer) {
        sum += costs[worker][layer] * (workers_keep_ ? part.of(shares_of(change)[layer]) : 1.0);
      }
    }
    sum = recent_.empty() ? sum_of(costs[worker]) : sum / static_cast<double>(recent_.size());
  }
  return seconds;
}

}  // namespace edge
