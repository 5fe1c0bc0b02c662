#include "roles/trainer/statistics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "engine/error.h"
#include "kernels/thread_pool.h"
#include "net/codec/codec.h"
#include "roles/chain/frame_header.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::trainer {
namespace {

using prediction::change_rates;

/// Encoding is slower than computing, and a sample tells as much: from larger tensors every n-th channel is
/// taken, others in each frame.
constexpr double sample_bytes = 2e6;
/// So many frames are encoded without a base.
constexpr int raw_samples = 3;
/// Held-out frames are judged by whole tensors, so many of them.
constexpr int whole_samples = 8;
/// More frames at a time save next to nothing.
constexpr std::size_t most_at_a_time = 32;

/// Bytes of all outputs that are alive at a time, at most, when layers run one by one.
std::size_t live_bytes(const Graph& graph) {
  std::size_t most = 0;
  for (LayerIndex layer = 1; layer < graph.size(); ++layer) {
    std::size_t live = graph.output_bytes(layer);
    for (const LayerIndex made : graph.boundary(layer)) live += graph.output_bytes(made);
    most = std::max(most, live);
  }
  return most;
}

/// Every n-th channel from `first` on, so that they have about sample_bytes; the whole tensor if it is small.
Array sample_channels(const Array& whole, int first) {
  const auto step = static_cast<std::size_t>(static_cast<double>(whole.bytes()) / sample_bytes) + 1;
  const std::size_t channels = prediction::rate_channels(whole.shape());
  if (step < 2 || channels < 2) return whole;
  const std::size_t stride = std::min(step, channels);
  const std::size_t begin = static_cast<std::size_t>(first) % stride;
  const std::size_t count = (channels - begin + stride - 1) / stride;
  const std::size_t bytes = whole.bytes() / channels;
  FreshArray sample = allocate_array(
      whole.type(), Shape{1, static_cast<std::int64_t>(count), whole.shape()[2], whole.shape()[3]});
  for (std::size_t c = 0; c < count; ++c) {
    std::memcpy(sample.data + c * bytes, whole.data() + (begin + c * stride) * bytes, bytes);
  }
  return sample.array;
}

/// With an encoder of its own: what a long-lived one chooses depends on the speed that it measures.
EncodedSample encode_sample(const Array& value, const Array* before, bool compress, int transition) {
  const net::Base base{.frame = 0, .array = before == nullptr ? Array{} : *before};
  std::vector<std::byte> bytes;
  const net::EncodeStatistics encoded =
      net::encode(value, before == nullptr ? nullptr : &base, {.compress = compress}, bytes);
  return {.transition = transition,
          .elements = static_cast<double>(encoded.elements),
          .changed = before == nullptr ? 0 : static_cast<double>(encoded.changed_elements),
          .bytes = static_cast<double>(encoded.encoded_bytes)};
}

/// True for `count` of the numbers 0 .. total - 1, evenly spread.
bool is_chosen(int index, int total, int count) {
  return count >= total || index * count / total != (index + 1) * count / total;
}

/// One run over the video.
class Collection {
 public:
  Collection(const Graph& graph, Executor& executor, const StatisticsOptions& options)
      : graph_(graph), executor_(executor), options_(options), pool_(options.threads, "statistics") {
    statistics_.layers.resize(static_cast<std::size_t>(graph.size()));
    for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
      const Shape& shape = graph.layer(layer).output_shape;
      statistics_.layers[static_cast<std::size_t>(layer)].channels = prediction::rate_channels(shape);
      statistics_.layers[static_cast<std::size_t>(layer)].elements = static_cast<double>(shape.elements());
    }
  }

  Statistics collect(TrainingVideo& video);

 private:
  void run_window(const std::deque<Array>& frames, int first_transition);
  void count(LayerIndex layer, const std::vector<Array>& outputs, int first_transition);
  void report_progress(int layers_done, std::size_t window);

  const Graph& graph_;
  Executor& executor_;
  const StatisticsOptions& options_;
  kernels::ThreadPool pool_;
  Statistics statistics_;
  int done_ = 0;
};

Statistics Collection::collect(TrainingVideo& video) {
  const int wanted = options_.frames + options_.held_out;
  const std::size_t most = std::min(static_cast<std::size_t>(wanted), most_at_a_time);
  const auto window =
      static_cast<int>(std::clamp<std::size_t>(options_.memory_bytes / live_bytes(graph_), 2, most));
  std::deque<Array> frames;
  int read = 0;
  bool ended = false;
  statistics_.training = options_.frames - 1;
  while (!ended) {
    while (static_cast<int>(frames.size()) < window && read < wanted) {
      std::optional<Array> frame = video.next();
      if (!frame) break;
      frames.push_back(*std::move(frame));
      ++read;
      if (read == options_.frames) statistics_.frames_hash = video.hash();
    }
    ended = static_cast<int>(frames.size()) < window || read == wanted;
    if (frames.size() < 2) break;
    run_window(frames, statistics_.transitions);
    statistics_.transitions += static_cast<int>(frames.size()) - 1;
    frames.erase(frames.begin(), frames.end() - 1);
  }
  const int least = options_.held_out > 0 ? 3 : 2;
  if (read < least) {
    throw Error(fmt::format("the video has {} frame{}; the trainer needs at least {}", read,
                            read == 1 ? "" : "s", least));
  }
  if (read < options_.frames) statistics_.frames_hash = video.hash();
  statistics_.training = std::min(statistics_.training, statistics_.transitions);
  if (options_.held_out > 0 && statistics_.training == statistics_.transitions) {
    statistics_.training -= std::max(1, statistics_.transitions / 4);
  }
  statistics_.frames = static_cast<std::uint32_t>(std::min(read, options_.frames));
  for (LayerStatistics& layer : statistics_.layers) {
    for (float& part : layer.nonzero) part /= static_cast<float>(statistics_.transitions);
  }
  return std::move(statistics_);
}

void Collection::report_progress(int layers_done, std::size_t window) {
  if (!options_.progress) return;
  const int transitions = static_cast<int>(window) - 1;
  options_.progress(done_ + layers_done * transitions,
                    (options_.frames + options_.held_out - 1) * graph_.size());
  if (layers_done == graph_.size()) done_ += layers_done * transitions;
}

void Collection::run_window(const std::deque<Array>& frames, int first_transition) {
  std::vector<TensorMap> alive(frames.size());
  std::vector<Array> outputs(frames.begin(), frames.end());
  count(0, outputs, first_transition);
  for (std::size_t f = 0; f < frames.size(); ++f) alive[f][0] = as_floats(frames[f]);
  report_progress(1, frames.size());
  for (LayerIndex layer = 1; layer < graph_.size(); ++layer) {
    const std::vector<LayerIndex> needed =
        layer + 1 < graph_.size() ? graph_.boundary(layer + 1) : std::vector<LayerIndex>{};
    for (std::size_t f = 0; f < frames.size(); ++f) {
      Array output = executor_.run({layer}, alive[f], {layer}).at(layer);
      outputs[f] = output;
      alive[f][layer] = std::move(output);
      std::erase_if(alive[f], [&](const auto& entry) {
        return std::find(needed.begin(), needed.end(), entry.first) == needed.end();
      });
    }
    count(layer, outputs, first_transition);
    std::fill(outputs.begin(), outputs.end(), Array{});
    report_progress(layer + 1, frames.size());
  }
}

void Collection::count(LayerIndex index, const std::vector<Array>& outputs, int first_transition) {
  LayerStatistics& layer = statistics_.layers[static_cast<std::size_t>(index)];
  const int new_transitions = static_cast<int>(outputs.size()) - 1;
  const int expected = options_.frames + options_.held_out - 1;
  struct Counted {
    std::vector<double> rates, nonzero;
    EncodedSample delta, raw;
    bool has_delta = true, has_raw = false;
  };
  std::vector<Counted> counted(static_cast<std::size_t>(new_transitions));
  pool_.parallel_for(new_transitions, [&](std::int64_t i, int) {
    if (options_.stop.stop_requested()) throw Cancelled();
    const auto at = static_cast<std::size_t>(i);
    const int transition = first_transition + static_cast<int>(i);
    const Array& value = outputs[at + 1];
    Counted& result = counted[at];
    result.rates = change_rates(value, outputs[at]);
    result.nonzero = prediction::nonzero_rates(value);
    if (transition >= options_.frames - 1) {  // held out
      result.has_delta = is_chosen(transition - (options_.frames - 1), options_.held_out, whole_samples);
      if (result.has_delta) {
        result.delta = encode_sample(value, &outputs[at], options_.compress, transition);
      }
      return;
    }
    const Array sample = sample_channels(value, transition);
    const Array before = sample_channels(outputs[at], transition);
    result.delta = encode_sample(sample, &before, options_.compress, transition);
    result.has_raw =
        transition == 0 || is_chosen(transition, std::min(options_.frames - 1, expected), raw_samples);
    if (result.has_raw) result.raw = encode_sample(sample, nullptr, options_.compress, transition);
  });
  layer.nonzero.resize(layer.channels);
  for (const Counted& result : counted) {
    for (const double rate : result.rates) layer.rates.push_back(static_cast<float>(rate));
    for (std::size_t c = 0; c < layer.channels; ++c)
      layer.nonzero[c] += static_cast<float>(result.nonzero[c]);
    if (result.has_delta) layer.delta.push_back(result.delta);
    if (result.has_raw) layer.raw.push_back(result.raw);
  }
}

}  // namespace

Statistics collect_statistics(const Graph& graph, Executor& executor, TrainingVideo& video,
                              const StatisticsOptions& options) {
  return Collection(graph, executor, options).collect(video);
}

std::size_t default_statistics_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  const double bytes = pages > 0 && page > 0 ? static_cast<double>(pages) * static_cast<double>(page) : 1e9;
  return static_cast<std::size_t>(std::clamp(bytes / 4, 64e6, 1e9));
}

}  // namespace edge::trainer
