// Reads and checks config.toml.
#include "roles/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/error.h"
#include "engine/models/models.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"
#include "roles/config/detection_values.h"
#include "roles/config/model_values.h"
#include "roles/config/toml_file.h"
#include "roles/config/toml_reader.h"
#include "roles/scheduling/plan.h"
#include "roles/scheduling/scheduler.h"

namespace edge {
namespace {

constexpr std::size_t max_workers = 64;
constexpr double least_bandwidth = 1e3, most_bandwidth = 1e12;  // bytes/s; less is surely a forgotten unit
constexpr std::size_t max_plans = 1000;
constexpr std::int64_t max_layer = 1'000'000;
constexpr std::int64_t max_threads = 1024;
constexpr std::int64_t max_training_frames = 10'000;

/// Relative paths are meant from the directory of the config file, wherever the program is started.
std::string from_directory_of(const std::filesystem::path& file, const std::string& path) {
  return std::filesystem::path(path).is_absolute() ? path : (file.parent_path() / path).string();
}

/// "-" (a standard stream), or something with a scheme: rtsp://..., synthetic:...
bool is_stream(const std::string& source) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto end = std::find_if_not(source.begin(), source.end(), is_letter);
  return source == "-" || (end - source.begin() >= 2 && end != source.end() && *end == ':');
}

std::filesystem::path default_cache_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {
    return std::filesystem::path(cache) / "edge";
  }
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / ".cache" / "edge";
  }
  return "/var/tmp/edge";  // a service without a home
}

/// A path, if there is one.
void read_path(const TomlReader& reader, std::string_view key, std::string& path,
               const std::filesystem::path& file) {
  reader.read_text(key, path);
  if (!path.empty()) path = from_directory_of(file, path);
}

void read_transform_input(const TomlReader& reader, ModelConfig& model) {
  reader.read_boolean("transform_input", model.transform_input);
  if (model.transform_input && model.name != "googlenet") {
    throw Error(fmt::format("{}: only googlenet has that, not {}; leave it out",
                            reader.where("transform_input"), model.name));
  }
}

/// How pictures become frames, and numbers.
void read_preprocessing(const TomlReader& reader, Preprocessing& preprocessing) {
  if (reader.has("fit")) {
    std::string fit;
    reader.read_choice("fit", fit, fit_names());
    preprocessing.fit = parse_fit(fit, reader.where("fit"));
  }
  if (const auto pad = reader.numbers_or_name("pad")) {
    preprocessing.pad = parse_pad(*pad, reader.where("pad"));
  }
  std::string channels = "rgb";
  reader.read_choice("channels", channels, channel_orders());
  preprocessing.channels = parse_channels(channels, reader.where("channels"));
  double range = preprocessing.pixel_range;
  reader.read_number("pixel_range", range, 1, 255);
  preprocessing.pixel_range = parse_pixel_range(range, reader.where("pixel_range"));
  std::string name = "none";
  reader.read_choice("normalize", name, normalization_names());
  use_normalization(name, reader.where("normalize"), preprocessing);
  for (const char* key : {"mean", "std"}) {
    if (reader.has("normalize") && reader.has(key)) {
      throw Error(
          fmt::format("{}: {} says that already; leave one of them out", reader.where("normalize"), key));
    }
  }
  if (const auto mean = reader.numbers_or_name("mean")) {
    preprocessing.mean = parse_mean(*mean, reader.where("mean"));
  }
  if (const auto deviation = reader.numbers_or_name("std")) {
    preprocessing.deviation = parse_deviation(*deviation, reader.where("std"));
  }
}

/// One of the known networks, or an ONNX file.
void read_name(const TomlReader& reader, const std::filesystem::path& file, ModelConfig& model) {
  std::string name = model.name;
  reader.read_text("name", name);
  if (name.ends_with(".onnx")) {
    model.name = from_directory_of(file, name);
  } else {
    reader.read_choice("name", model.name, model_names());
  }
}

/// An ONNX file may say which frames it takes.
void frame_size_of_file(const TomlReader& reader, ModelConfig& model) {
  if (!model.name.ends_with(".onnx")) return;
  const onnx::FrameSize size = onnx::frame_size(onnx::read_model(model.name));
  if (size.rows > 0) model.rows = size.rows;
  if (size.columns > 0) model.columns = size.columns;
  check_frame_size({model.rows, model.columns}, reader.where("name"));
}

void read_model(const TomlReader& reader, const std::filesystem::path& file, ModelConfig& model) {
  read_name(reader, file, model);
  reader.read_boolean("features_only", model.features_only);
  read_path(reader, "weights", model.weights, file);
  read_path(reader, "labels", model.labels, file);
  reader.read_integer("seed", model.seed, 0, INT64_MAX);
  read_transform_input(reader, model);
  read_preprocessing(reader, model.preprocessing);
  const toml::array* size = reader.array("frame_size", "[rows, columns]");
  if (size == nullptr) return frame_size_of_file(reader, model);
  if (size->size() != 2) {
    throw Error(fmt::format("{}: expected [rows, columns], found {} values", reader.where("frame_size"),
                            size->size()));
  }
  model.rows = reader.integer((*size)[0], reader.path("frame_size[0]"), 1, max_frame_side);
  model.columns = reader.integer((*size)[1], reader.path("frame_size[1]"), 1, max_frame_side);
  check_frame_size({model.rows, model.columns}, reader.where("frame_size"));
}

Address read_address(const TomlReader& reader, const std::string& key) {
  std::string text;
  reader.read_text(key, text);
  if (text.empty()) {
    throw Error(fmt::format("{}: missing; write host:port", reader.where(key)));
  }
  return Address::parse(text, reader.where(key));
}

/// An address under which others reach a device.
Address read_peer_address(const TomlReader& reader) {
  Address address = read_address(reader, "address");
  if (address.host == "0.0.0.0" || address.host == "::") {
    throw Error(
        fmt::format("{}: '{}' cannot be reached from other devices; write the device's own address here, and "
                    "this one as 'listen'",
                    reader.where("address"), address.to_string()));
  }
  return address;
}

bool same_endpoint(const Address& a, const Address& b) {
  const auto name = [](const Address& address) {
    std::string host = address.host;
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return host == "localhost" ? std::string("127.0.0.1") : host;
  };
  return a.port == b.port && name(a) == name(b);
}

void read_workers(const toml::table& root, Config& config) {
  const TomlReader top(root, "", "", config.file);
  const std::string expected = "[[workers]], once per worker";
  const toml::array* tables = top.array("workers", expected);
  if (tables == nullptr || tables->empty()) {
    throw Error(fmt::format("{}: no [[workers]]; a chain needs at least one", config.file.string()));
  }
  if (tables->size() > max_workers) {
    throw Error(fmt::format("{}: {} workers; at most {} are allowed", top.where("workers"), tables->size(),
                            max_workers));
  }
  for (const toml::node& node : *tables) {
    const std::string label = fmt::format("workers[{}]", config.workers.size());
    if (!node.is_table()) {
      throw Error(fmt::format("{}: expected {}", top.where(node, label), expected));
    }
    const TomlReader reader(*node.as_table(), "workers", label, config.file);
    WorkerConfig worker;
    worker.address = read_peer_address(reader);
    if (reader.has("listen")) {
      worker.listen = read_address(reader, "listen");
    }
    worker.threads = config.threads;
    reader.read_integer("threads", worker.threads, 0, max_threads);
    reader.read_number("bandwidth", worker.bandwidth_bytes_per_s, least_bandwidth, most_bandwidth);
    for (std::size_t other = 0; other < config.workers.size(); ++other) {
      if (same_endpoint(worker.address, config.workers[other].address)) {
        throw Error(fmt::format("{}: '{}' is already the address of workers[{}]", reader.where("address"),
                                worker.address.to_string(), other));
      }
    }
    config.workers.push_back(std::move(worker));
  }
}

void read_seconds(const TomlReader& reader, std::string_view key, std::chrono::milliseconds& value,
                  double least, double most) {
  double seconds = std::chrono::duration<double>(value).count();
  reader.read_number(key, seconds, least, most);
  value = std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

void read_trainer(const TomlReader& reader, Config& config) {
  TrainerConfig& trainer = config.trainer;
  reader.read_integer("frames", trainer.frames, 2, max_training_frames);
  reader.read_text("source", trainer.source);
  if (!trainer.source.empty() && !is_stream(trainer.source)) {
    trainer.source = from_directory_of(config.file, trainer.source);
  }
  read_seconds(reader, "wait_s", trainer.wait, 0, 3600);
  if (reader.has("listen")) {
    trainer.listen = read_address(reader, "listen");
  }
  if (!reader.has("address")) {
    return;
  }
  const Address address = read_peer_address(reader);
  for (std::size_t worker = 0; worker < config.workers.size(); ++worker) {
    if (same_endpoint(address, config.workers[worker].address)) {
      throw Error(fmt::format("{}: '{}' is already the address of workers[{}]; give the trainer its own port",
                              reader.where("address"), address.to_string(), worker));
    }
  }
  trainer.address = address;
}

void read_video(const TomlReader& reader, Config& config) {
  VideoConfig& video = config.video;
  reader.read_text("source", video.source);
  if (!is_stream(video.source)) {
    video.source = from_directory_of(config.file, video.source);
  }
  reader.read_integer("frames", video.frames, 0, INT64_MAX);
  reader.read_boolean("realtime", video.realtime);
  reader.read_boolean("loop", video.loop);
  std::string transport = "auto";
  reader.read_choice("rtsp_transport", transport, {"auto", "tcp", "udp"});
  video.rtsp_transport = transport == "tcp"   ? RtspTransport::tcp
                         : transport == "udp" ? RtspTransport::udp
                                              : RtspTransport::automatic;
  reader.read_integer("deadband", video.hold.deadband, 0, 255);
  reader.read_integer("gate", video.hold.gate, 0, 255);
  reader.read_number("refresh", video.hold.refresh, 0, 1);
}

std::vector<scheduling::LayerRange> read_plan(const TomlReader& reader, const toml::array& ranges,
                                              const std::string& path, std::size_t workers) {
  const std::string_view expected = "[first, last], or [] for no layers";
  std::vector<scheduling::LayerRange> plan;
  for (std::size_t worker = 0; worker < ranges.size(); ++worker) {
    const std::string range_path = fmt::format("{}[{}]", path, worker);
    const toml::array& range = reader.as_array(ranges[worker], range_path, expected);
    if (range.empty()) {
      plan.emplace_back();
    } else if (range.size() == 2) {
      plan.emplace_back(std::pair{static_cast<int>(reader.integer(range[0], range_path, 1, max_layer)),
                                  static_cast<int>(reader.integer(range[1], range_path, 1, max_layer))});
    } else {
      throw Error(fmt::format("{}: expected {}, found {} values", reader.where(range, range_path), expected,
                              range.size()));
    }
  }
  scheduling::check_ranges(plan, static_cast<int>(workers), reader.where(ranges, path));
  return plan;
}

void read_plans(const TomlReader& reader, Config& config) {
  const std::string_view expected = "one [first, last] per worker, for example [[1, 6], [7, 13]]";
  const toml::array* plan = reader.array("plan", expected);
  const toml::array* plans = reader.array("plans", "an array of plans");
  if (plan != nullptr && plans != nullptr) {
    throw Error(fmt::format("{}: give either plan or plans, not both", reader.where("plans")));
  }
  if (plan != nullptr) {
    config.schedule.plans.push_back(read_plan(reader, *plan, reader.path("plan"), config.workers.size()));
  }
  if (plans != nullptr) {
    if (plans->size() > max_plans) {
      throw Error(fmt::format("{}: {} plans; at most {} are allowed", reader.where("plans"), plans->size(),
                              max_plans));
    }
    for (std::size_t i = 0; i < plans->size(); ++i) {
      const std::string path = reader.path(fmt::format("plans[{}]", i));
      config.schedule.plans.push_back(
          read_plan(reader, reader.as_array((*plans)[i], path, expected), path, config.workers.size()));
    }
  }
  if (config.schedule.scheduler == "fixed" && config.schedule.plans.empty()) {
    throw Error(
        fmt::format("{}: 'fixed' needs a plan; add plan = [[1, 6], [7, 13]] or plans = [...] to [schedule]",
                    reader.where("scheduler")));
  }
}

void read_schedule(const TomlReader& reader, Config& config) {
  ScheduleConfig& schedule = config.schedule;
  reader.read_choice("scheduler", schedule.scheduler, scheduling::scheduler_names());
  reader.read_choice("side", schedule.side, {"edge", "cloud"});
  reader.read_integer("group_size", schedule.group_size, 1, 1000);
  reader.read_integer("pending", schedule.pending, 1, 64);
  read_plans(reader, config);
}

void read_output(const TomlReader& reader, Config& config) {
  OutputConfig& output = config.output;
  reader.read_text("file", output.file);
  if (output.file != "-") {
    output.file = from_directory_of(config.file, output.file);
  }
  std::string result = "top_k";
  reader.read_choice("result", result, {"top_k", "checksum", "full"});
  output.result = result == "top_k"      ? ResultKind::top_k
                  : result == "checksum" ? ResultKind::checksum
                                         : ResultKind::full;
  reader.read_integer("top_k", output.top_k, 1, 1000);
}

void read_net(const TomlReader& reader, NetConfig& net) {
  std::string mode = "delta";
  reader.read_choice("mode", mode, {"full", "delta"});
  net.mode = mode == "full" ? Mode::full : Mode::delta;
  reader.read_boolean("compress", net.compress);
  read_seconds(reader, "heartbeat_s", net.heartbeat, 0.05, 600);
  read_seconds(reader, "timeout_s", net.timeout, 0.1, 3600);
  if (net.timeout < 2 * net.heartbeat) {
    throw Error(
        fmt::format("{}: the timeout, {} s, must be at least twice heartbeat_s, {} s, or idle connections "
                    "would be given up",
                    reader.where("timeout_s"), static_cast<double>(net.timeout.count()) / 1000,
                    static_cast<double>(net.heartbeat.count()) / 1000));
  }
}

}  // namespace

Config parse_config(const std::string& text, const std::filesystem::path& file) {
  const toml::table root = parse_toml(text, file);
  Config config;
  config.file = file;
  const TomlReader top(root, "", "", file);
  top.read_integer("threads", config.threads, 0, max_threads);
  top.read_boolean("check", config.check);
  top.read_choice("log_level", config.log_level, {"trace", "debug", "info", "warning", "error", "off"});
  std::string cache_directory;
  top.read_text("cache_directory", cache_directory);
  config.cache_directory = cache_directory.empty()
                               ? default_cache_directory()
                               : std::filesystem::path(from_directory_of(file, cache_directory));

  const toml::table empty;
  const auto table = [&](const std::string& name) {
    const toml::table* found = top.subtable(name);
    return TomlReader(found != nullptr ? *found : empty, name, name, file);
  };
  read_model(table("model"), file, config.model);
  config.model.cache_directory = config.cache_directory;
  read_workers(root, config);
  read_trainer(table("trainer"), config);
  read_video(table("video"), config);
  read_schedule(table("schedule"), config);
  config.detection = read_detection(table("detection"));
  // Whoever names a decoder says that the network is a detector, also where nothing else tells.
  const bool detector = config.detection.decoder != "auto" && config.detection.decoder != "none";
  std::optional<Fit>& fit = config.model.preprocessing.fit;
  if (detector && !fit) fit = Fit::letterbox;
  if (std::string& labels = config.detection.labels; !labels.empty()) {
    labels = from_directory_of(file, labels);
  }
  read_output(table("output"), config);
  read_net(table("net"), config.net);
  return config;
}

Config load_config(const std::filesystem::path& file) {
  return parse_config(read_toml(file), file);
}

}  // namespace edge
