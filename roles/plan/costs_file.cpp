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
#include "roles/plan/json_input.h"

namespace edge::plan {
namespace {

using scheduling::Costs;
using scheduling::LaterFrames;

constexpr std::size_t max_layers = 2000;
constexpr std::size_t max_workers = 128;
constexpr std::size_t max_frames = 1000;
constexpr double smallest = 1e-9;  // of what is divided by
constexpr double largest = 1e18;

constexpr std::array<std::string_view, 15> keys{
    "layer_cost",   "capacity",   "bandwidth",         "cached",      "raw_bytes",
    "delta_bytes",  "diff_bytes", "worker_layer_cost", "stage_ready", "inputs",
    "later_frames", "profiles",   "best_cost",         "best_plan",   "network"};

class Reader {
 public:
  Reader(const Json& object, const std::filesystem::path& file) : object_(object), file_(file) {}

  bool has(const char* key) const { return object_.contains(key); }

  [[noreturn]] void fail(const std::string& where, const std::string& what) const {
    throw Error(fmt::format("{}: {}: {}", printable(file_.string(), 200), where, what));
  }

  const Json& array(const char* key, const char* meaning) const {
    if (!has(key)) fail(key, fmt::format("is missing; needed are {}", meaning));
    return array(object_.at(key), key);
  }
  const Json& array(const Json& value, const std::string& where) const {
    if (!value.is_array()) fail(where, fmt::format("must be an array, not {}", shown(value)));
    return value;
  }

  /// Numbers from `low` on.
  std::vector<double> numbers(const Json& value, const std::string& where, double low) const {
    std::vector<double> result;
    result.reserve(array(value, where).size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      const double number = value[i].is_number() ? value[i].get<double>() : std::nan("");
      if (!(number >= low && number <= largest)) {
        fail(fmt::format("{}[{}]", where, i),
             fmt::format("must be a number {}, not {}", low > 0 ? "above 0" : "from 0 on", shown(value[i])));
      }
      result.push_back(number);
    }
    return result;
  }

  std::vector<LayerIndex> layers(const Json& value, const std::string& where, std::size_t end) const {
    std::vector<LayerIndex> result;
    for (std::size_t i = 0; i < array(value, where).size(); ++i) {
      const bool fits = value[i].is_number_unsigned() && value[i].get<std::uint64_t>() < end;
      if (!fits) {
        fail(fmt::format("{}[{}]", where, i),
             fmt::format("must be a layer, 0 to {}, not {}", end - 1, shown(value[i])));
      }
      result.push_back(value[i].get<LayerIndex>());
    }
    return result;
  }

  /// One entry per worker, layer and so on.
  void check_size(std::size_t size, std::size_t expected, const std::string& where, const char* of) const {
    if (size != expected) {
      fail(where, fmt::format("has {} entries, but must have {}, one per {}", size, expected, of));
    }
  }

  static std::string shown(const Json& value) {
    if (value.is_structured()) return value.is_array() ? "an array" : "an object";
    return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
  }

  const Json& object() const { return object_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  const Json& object_;
  const std::filesystem::path& file_;
};

void check_keys(const Reader& reader) {
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

void check_layer_count(const Reader& reader, std::size_t layers, const std::string& where) {
  if (layers < 2 || layers > max_layers) {
    reader.fail(where, fmt::format("has {} layers, but must have 2 (the input and one more) to {}", layers,
                                   max_layers));
  }
}

void check_worker_count(const Reader& reader, std::size_t workers, const char* key) {
  if (workers < 1 || workers > max_workers) {
    reader.fail(key, fmt::format("has {} workers, but must have 1 to {}", workers, max_workers));
  }
}

std::vector<double> profiled_cost(const std::filesystem::path& profile) {
  const Json content = parse_object(read_text(profile), profile);
  const Reader inner(content, profile);
  std::vector<double> cost = inner.numbers(inner.array("layer_cost", "seconds per layer"), "layer_cost", 0);
  check_layer_count(inner, cost.size(), "layer_cost");
  if (total(cost) < smallest) inner.fail("layer_cost", "all layers together take no time");
  return cost;
}

/// layer_cost and capacity from one profile per worker.
void read_profiles(const Reader& reader, Costs& costs) {
  for (const char* key : {"layer_cost", "capacity"}) {
    if (reader.has(key)) reader.fail(key, "comes from the profiles already; leave one of them out");
  }
  const Json& files = reader.array("profiles", "profile files, one per worker");
  check_worker_count(reader, files.size(), "profiles");
  for (std::size_t worker = 0; worker < files.size(); ++worker) {
    const std::string where = fmt::format("profiles[{}]", worker);
    if (!files[worker].is_string()) {
      reader.fail(where,
                  fmt::format("must be the name of a profile file, not {}", Reader::shown(files[worker])));
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

void read_devices(const Reader& reader, Costs& costs) {
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

/// Each layer measured on each worker.
void read_measured_devices(const Reader& reader, Costs& costs) {
  if (!reader.has("worker_layer_cost")) return;
  const Json& rows = reader.array("worker_layer_cost", "");
  reader.check_size(rows.size(), costs.capacity.size(), "worker_layer_cost", "worker");
  for (std::size_t worker = 0; worker < rows.size(); ++worker) {
    const std::string where = fmt::format("worker_layer_cost[{}]", worker);
    costs.worker_layer_cost.push_back(reader.numbers(rows[worker], where, 0));
    reader.check_size(costs.worker_layer_cost.back().size(), costs.layer_cost.size(), where, "layer");
  }
}

/// [frame][layer]; a single row stands for all frames, of which there are `frames` if that is not 0.
std::vector<std::vector<double>> read_bytes(const Reader& reader, const char* key, std::size_t layers,
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

void read_links(const Reader& reader, Costs& costs) {
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

void read_graph(const Reader& reader, Costs& costs) {
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

LaterFrames read_later_frames(const Reader& reader) {
  // Without the key as the original system counted, so that its recorded costs give its plans.
  if (!reader.has("later_frames")) return LaterFrames::whole;
  const Json& value = reader.object().at("later_frames");
  if (value == "whole") return LaterFrames::whole;
  if (value == "delta") return LaterFrames::delta;
  reader.fail("later_frames", fmt::format("must be \"delta\" or \"whole\", not {}", Reader::shown(value)));
}

}  // namespace

Costs load_costs(const std::filesystem::path& file) {
  return parse_costs(read_text(file), file);
}

Costs parse_costs(std::string_view text, const std::filesystem::path& file) {
  const Json object = parse_object(text, file);
  const Reader reader(object, file);
  check_keys(reader);
  Costs costs;
  read_devices(reader, costs);
  read_measured_devices(reader, costs);
  read_links(reader, costs);
  read_graph(reader, costs);
  costs.later_frames = read_later_frames(reader);
  return costs;
}

std::string costs_text(const Costs& costs, const Graph& graph) {
  nlohmann::ordered_json inputs = Json::array();
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) inputs.push_back(graph.layer(layer).inputs);
  // The keys one per line, so that the file can be read and edited.
  const nlohmann::ordered_json json{{"network", graph.name()},
                                    {"layer_cost", costs.layer_cost},
                                    {"capacity", costs.capacity},
                                    {"worker_layer_cost", costs.worker_layer_cost},
                                    {"bandwidth", costs.bandwidth},
                                    {"raw_bytes", costs.raw_bytes},
                                    {"delta_bytes", costs.delta_bytes},
                                    {"cached", costs.cached},
                                    {"stage_ready", std::vector<double>(2 * costs.capacity.size())},
                                    {"inputs", inputs},
                                    {"later_frames", "delta"}};
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += fmt::format("{}\n \"{}\": {}", text.empty() ? "{" : ",", key, value.dump());
  }
  return text + "\n}\n";
}

}  // namespace edge::plan
