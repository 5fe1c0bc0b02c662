// The costs that `edge plan` works with, as a JSON file.
#include "roles/plan/costs_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/plan/costs_reader.h"
#include "roles/plan/json_input.h"

namespace edge::plan {
namespace {

using scheduling::Costs;
using scheduling::LaterFrames;

constexpr std::size_t max_layers = 2000;
constexpr std::size_t max_workers = 128;
constexpr std::size_t max_frames = 1000;
constexpr double smallest = 1e-9;  // of what is divided by

constexpr std::array<std::string_view, 23> keys{
    "layer_cost", "capacity",  "bandwidth",         "cached",      "raw_bytes",    "delta_bytes",
    "diff_bytes", "inputs",    "worker_layer_cost", "stage_ready", "dirty_share",  "part_cost",
    "kept",       "coding_s",  "link_offset",       "return_s",    "known_ranges", "later_frames",
    "profiles",   "best_cost", "best_plan",         "network",     "tried"};

void check_keys(const CostsReader& reader) {
  for (const auto& item : reader.object().items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) != keys.end()) continue;
    const std::string_view nearest = nearest_name(item.key(), keys);
    reader.fail(printable(item.key(), 60), nearest.empty()
                                               ? fmt::format("unknown key; known: {}", fmt::join(keys, ", "))
                                               : fmt::format("unknown key; did you mean '{}'?", nearest));
  }
}

double total(const std::vector<double>& layer_cost) {
  return std::accumulate(layer_cost.begin() + 1, layer_cost.end(), 0.0);
}

void check_layer_count(const CostsReader& reader, std::size_t layers, const std::string& where) {
  if (layers < 2 || layers > max_layers) {
    reader.fail(where, fmt::format("has {} layers, but must have 2 (the input and one more) to {}", layers,
                                   max_layers));
  }
}

void check_worker_count(const CostsReader& reader, std::size_t workers, const char* key) {
  if (workers < 1 || workers > max_workers) {
    reader.fail(key, fmt::format("has {} workers, but must have 1 to {}", workers, max_workers));
  }
}

std::vector<double> profiled_cost(const std::filesystem::path& profile) {
  const Json content = parse_object(read_text(profile), profile);
  const CostsReader inner(content, profile);
  std::vector<double> cost = inner.numbers(inner.array("layer_cost", "seconds per layer"), "layer_cost", 0);
  check_layer_count(inner, cost.size(), "layer_cost");
  if (total(cost) < smallest) inner.fail("layer_cost", "all layers together take no time");
  return cost;
}

/// layer_cost and capacity from one profile per worker.
void read_profiles(const CostsReader& reader, Costs& costs) {
  for (const char* key : {"layer_cost", "capacity"}) {
    if (reader.has(key)) reader.fail(key, "comes from the profiles already; leave one of them out");
  }
  const Json& files = reader.array("profiles", "profile files, one per worker");
  check_worker_count(reader, files.size(), "profiles");
  for (std::size_t worker = 0; worker < files.size(); ++worker) {
    const std::string where = fmt::format("profiles[{}]", worker);
    if (!files[worker].is_string()) {
      reader.fail(where, fmt::format("must be the name of a profile file, not {}",
                                     CostsReader::shown(files[worker])));
    }
    const auto cost = profiled_cost(reader.file().parent_path() / files[worker].get<std::string>());
    if (worker == 0) costs.layer_cost = cost;
    if (cost.size() != costs.layer_cost.size()) {
      reader.fail(where, fmt::format("has {} layers, but profiles[0] has {}; they must be of one network",
                                     cost.size(), costs.layer_cost.size()));
    }
    costs.capacity.push_back(total(costs.layer_cost) / total(cost));
  }
}

void read_devices(const CostsReader& reader, Costs& costs) {
  if (reader.has("profiles")) {
    read_profiles(reader, costs);
    return;
  }
  costs.layer_cost = reader.numbers(
      reader.array("layer_cost", "seconds of each layer on worker 0, with the input's"), "layer_cost", 0);
  check_layer_count(reader, costs.layer_cost.size(), "layer_cost");
  costs.capacity = reader.numbers(reader.array("capacity", "speeds of the workers relative to worker 0"),
                                  "capacity", smallest);
  check_worker_count(reader, costs.capacity.size(), "capacity");
}

/// [worker][layer] of an optional key; empty without it.
std::vector<std::vector<double>> read_by_worker(const CostsReader& reader, const char* key,
                                                const Costs& costs) {
  std::vector<std::vector<double>> table;
  if (!reader.has(key)) return table;
  const Json& rows = reader.array(key, "");
  reader.check_size(rows.size(), costs.capacity.size(), key, "worker");
  for (std::size_t worker = 0; worker < rows.size(); ++worker) {
    const std::string where = fmt::format("{}[{}]", key, worker);
    table.push_back(reader.numbers(rows[worker], where, 0));
    reader.check_size(table.back().size(), costs.layer_cost.size(), where, "layer");
  }
  return table;
}

/// [frame][layer]; a single row stands for all frames, of which there are `frames` if that is not 0.
std::vector<std::vector<double>> read_bytes(const CostsReader& reader, const char* key, std::size_t layers,
                                            std::size_t frames) {
  const Json& rows = reader.array(key, "bytes of each layer's output, [frame][layer]");
  std::vector<std::vector<double>> bytes;
  if (rows.empty() || !rows.front().is_array()) {
    bytes.push_back(reader.numbers(rows, key, 0));
    reader.check_size(bytes.front().size(), layers, key, "layer");
    bytes.resize(std::max<std::size_t>(1, frames), bytes.front());
    return bytes;
  }
  if (rows.size() > max_frames)
    reader.fail(key, fmt::format("has {} frames; at most {}", rows.size(), max_frames));
  if (frames != 0) reader.check_size(rows.size(), frames, key, "frame of the group, as in delta_bytes");
  for (std::size_t frame = 0; frame < rows.size(); ++frame) {
    const std::string where = fmt::format("{}[{}]", key, frame);
    bytes.push_back(reader.numbers(rows[frame], where, 0));
    reader.check_size(bytes.back().size(), layers, where, "layer");
  }
  return bytes;
}

void read_links(const CostsReader& reader, Costs& costs) {
  const std::size_t layers = costs.layer_cost.size();
  const std::size_t workers = costs.capacity.size();
  costs.bandwidth = reader.numbers(reader.array("bandwidth", "bytes per second of the link into each worker"),
                                   "bandwidth", smallest);
  reader.check_size(costs.bandwidth.size(), workers, "bandwidth", "worker");
  if (reader.has("delta_bytes") && reader.has("diff_bytes")) {
    reader.fail("diff_bytes", "is another name of delta_bytes, which is there, too; leave one of them out");
  }
  const char* delta_key = reader.has("diff_bytes") ? "diff_bytes" : "delta_bytes";
  costs.delta_bytes = read_bytes(reader, delta_key, layers, 0);
  costs.raw_bytes = read_bytes(reader, "raw_bytes", layers, costs.delta_bytes.size());
  const Json& cached = reader.array("cached", "the layers that each worker's input holds, [] for none");
  reader.check_size(cached.size(), workers, "cached", "worker");
  for (std::size_t worker = 0; worker < workers; ++worker) {
    costs.cached.push_back(reader.layers(cached[worker], fmt::format("cached[{}]", worker), layers));
  }
  costs.stage_ready = reader.numbers(
      reader.array("stage_ready", "seconds until each stage is free (0 if idle), two per worker"),
      "stage_ready", 0);
  reader.check_size(costs.stage_ready.size(), 2 * workers, "stage_ready",
                    "stage (transfer and computation of each worker)");
}

/// Of each worker an array of `names`, or null if the key is not there.
const Json* rows_by_worker(const CostsReader& reader, const char* key, const Costs& costs) {
  if (!reader.has(key)) return nullptr;
  const Json& rows = reader.array(key, "");
  reader.check_size(rows.size(), costs.capacity.size(), key, "worker");
  return &rows;
}

/// What is learnt of links besides the bandwidth.
void read_overheads(const CostsReader& reader, Costs& costs) {
  costs.coding_s = read_by_worker(reader, "coding_s", costs);
  if (const Json* rows = rows_by_worker(reader, "link_offset", costs)) {
    for (std::size_t worker = 0; worker < rows->size(); ++worker) {
      const std::string where = fmt::format("link_offset[{}]", worker);
      const std::vector<double> offset = reader.numbers((*rows)[worker], where, -CostsReader::largest);
      if (offset.size() != 3 || offset[1] < 0 || offset[2] <= offset[1]) {
        reader.fail(where, "must be [seconds, from bytes, until bytes], where until is more than from");
      }
      costs.link_offset.push_back({.seconds = offset[0], .from_bytes = offset[1], .until_bytes = offset[2]});
    }
  }
  if (reader.has("return_s")) {
    costs.return_s = reader.numbers(Json::array({reader.object().at("return_s")}), "return_s", 0).front();
  }
}

/// What is known of workers that compute only what changed.
void read_parts(const CostsReader& reader, Costs& costs) {
  const std::size_t layers = costs.layer_cost.size();
  if (reader.has("dirty_share")) {
    costs.dirty_share = read_bytes(reader, "dirty_share", layers, costs.delta_bytes.size());
    for (std::size_t frame = 0; frame < costs.dirty_share.size(); ++frame) {
      for (std::size_t layer = 0; layer < layers; ++layer) {
        if (costs.dirty_share[frame][layer] <= 1) continue;
        reader.fail(fmt::format("dirty_share[{}][{}]", frame, layer),
                    fmt::format("must be a share, 0 to 1, not {}", costs.dirty_share[frame][layer]));
      }
    }
  }
  if (const Json* rows = rows_by_worker(reader, "part_cost", costs)) {
    for (std::size_t worker = 0; worker < rows->size(); ++worker) {
      const std::string where = fmt::format("part_cost[{}]", worker);
      const std::vector<double> cost = reader.numbers((*rows)[worker], where, 0);
      if (cost.size() != 2) reader.fail(where, "must be [fixed, variable], parts of a layer's seconds");
      costs.part_cost.push_back({.fixed = cost[0], .variable = cost[1]});
    }
  }
  if (const Json* rows = rows_by_worker(reader, "kept", costs)) {
    for (std::size_t worker = 0; worker < rows->size(); ++worker) {
      const std::string where = fmt::format("kept[{}]", worker);
      const bool nothing = reader.array((*rows)[worker], where).empty();
      costs.kept.push_back(nothing ? std::pair<LayerIndex, LayerIndex>{}
                                   : reader.range((*rows)[worker], where, layers));
    }
  }
}

/// Rows of worker, first and last layer, factor, factor of parts.
void read_known_ranges(const CostsReader& reader, Costs& costs) {
  if (!reader.has("known_ranges")) return;
  costs.known_ranges.resize(costs.capacity.size());
  const Json& rows = reader.array("known_ranges", "");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string where = fmt::format("known_ranges[{}]", i);
    const std::vector<double> row = reader.numbers(rows[i], where, 0);
    if (row.size() != 5 || row[3] < smallest || row[4] < smallest) {
      reader.fail(where, "must be [worker, first layer, last layer, factor, factor of parts]");
    }
    const std::vector<LayerIndex> worker =
        reader.layers(Json::array({rows[i][0]}), where, costs.capacity.size());
    const auto [first, end] =
        reader.range(Json::array({rows[i][1], rows[i][2]}), where, costs.layer_cost.size());
    costs.known_ranges[static_cast<std::size_t>(worker.front())].push_back(
        {.first = first, .end = end, .factor = row[3], .part_factor = row[4]});
  }
}

/// Rows of a factor and, for each worker, the last layer that it or one in front of it has; 0: none has.
void read_tried(const CostsReader& reader, Costs& costs) {
  if (!reader.has("tried")) return;
  const Json& rows = reader.array("tried", "");
  const std::size_t workers = costs.capacity.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string where = fmt::format("tried[{}]", i);
    const std::vector<double> row = reader.numbers(rows[i], where, 0);
    if (row.size() != workers + 1 || row.front() < smallest) {
      reader.fail(where, "must be [factor, last layer of worker 0, of worker 1 ..]");
    }
    Json ends = rows[i];
    ends.erase(ends.begin());
    scheduling::TriedPlan& tried = costs.tried.emplace_back();
    tried.factor = row.front();
    tried.plan.ends = reader.layers(ends, where, costs.layer_cost.size());
    for (LayerIndex& end : tried.plan.ends) ++end;
    if (!std::is_sorted(tried.plan.ends.begin(), tried.plan.ends.end()) ||
        tried.plan.ends.back() != costs.layers()) {
      reader.fail(where, "must be a plan: last layers in order, the last one the network's");
    }
  }
}

void read_graph(const CostsReader& reader, Costs& costs) {
  if (!reader.has("inputs")) return;
  const Json& value = reader.array("inputs", "the layers that each layer reads");
  reader.check_size(value.size(), costs.layer_cost.size(), "inputs", "layer");
  std::vector<std::vector<LayerIndex>> inputs;
  for (std::size_t layer = 0; layer < value.size(); ++layer) {
    const std::string where = fmt::format("inputs[{}]", layer);
    if (layer == 0) {
      if (!reader.array(value[0], where).empty())
        reader.fail(where, "must be []: layer 0 is the network's input");
      inputs.emplace_back();
      continue;
    }
    inputs.push_back(reader.layers(value[layer], where, layer));
    if (inputs.back().empty()) reader.fail(where, "must name at least one earlier layer");
  }
  costs.boundary = scheduling::boundaries_of(inputs);
}

LaterFrames read_later_frames(const CostsReader& reader) {
  // Without the key as the original system counted, so that its recorded costs give its plans.
  if (!reader.has("later_frames")) return LaterFrames::whole;
  const Json& value = reader.object().at("later_frames");
  if (value == "whole") return LaterFrames::whole;
  if (value == "delta") return LaterFrames::delta;
  reader.fail("later_frames",
              fmt::format("must be \"delta\" or \"whole\", not {}", CostsReader::shown(value)));
}

}  // namespace

Costs load_costs(const std::filesystem::path& file) {
  return parse_costs(read_text(file), file);
}

Costs parse_costs(std::string_view text, const std::filesystem::path& file) {
  const Json object = parse_object(text, file);
  const CostsReader reader(object, file);
  check_keys(reader);
  Costs costs;
  read_devices(reader, costs);
  costs.worker_layer_cost = read_by_worker(reader, "worker_layer_cost", costs);
  read_links(reader, costs);
  read_overheads(reader, costs);
  read_parts(reader, costs);
  read_known_ranges(reader, costs);
  read_tried(reader, costs);
  read_graph(reader, costs);
  costs.later_frames = read_later_frames(reader);
  return costs;
}

}  // namespace edge::plan
