// Reads and checks config.toml.
#include "roles/config/config.h"

#include <fmt/format.h>

#include <string>

#include "engine/error.h"
#include "roles/config/detection_table.h"
#include "roles/config/device_tables.h"
#include "roles/config/engine_table.h"
#include "roles/config/model_table.h"
#include "roles/config/paths.h"
#include "roles/config/schedule_table.h"
#include "roles/config/toml_file.h"
#include "roles/config/toml_reader.h"

namespace edge {
namespace {

void read_video(const TomlReader& reader, Config& config) {
  VideoConfig& video = config.video;
  video.where = reader.places_of({"source"});
  read_source(reader, video.source, config.file);
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

void read_output(const TomlReader& reader, Config& config) {
  OutputConfig& output = config.output;
  output.where = reader.places_of({"file"});
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

void read_net(const TomlReader& reader, NetConfig& net, const std::filesystem::path& file) {
  std::string mode = "delta";
  reader.read_choice("mode", mode, {"full", "delta"});
  net.mode = mode == "full" ? Mode::full : Mode::delta;
  reader.read_boolean("compress", net.compress);
  std::string values(value_format_name(net.values));
  reader.read_choice("values", values, {value_format_names.begin(), value_format_names.end()});
  net.values = *value_format_of(values);
  reader.read_seconds("heartbeat_s", net.heartbeat, 0.05, 600);
  reader.read_seconds("timeout_s", net.timeout, 0.1, 3600);
  if (net.timeout < 2 * net.heartbeat) {
    throw Error(
        fmt::format("{}: the timeout, {} s, must be at least twice heartbeat_s, {} s, or idle connections "
                    "would be given up",
                    reader.where("timeout_s"), static_cast<double>(net.timeout.count()) / 1000,
                    static_cast<double>(net.heartbeat.count()) / 1000));
  }
  net.where = reader.places_of({"secret_file", "insecure"});
  read_path(reader, "secret_file", net.secret_file, file);
  reader.read_boolean("insecure", net.insecure);
  if (net.insecure && !net.secret_file.empty()) {
    throw Error(
        fmt::format("{}: there is a secret_file, too; remove one of the two", reader.where("insecure")));
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
  config.model = read_model(table("model"), file);
  config.model.cache_directory = config.cache_directory;
  config.workers = read_workers(top, file, config.threads);
  config.trainer = read_trainer(table("trainer"), file, config.workers);
  read_video(table("video"), config);
  config.schedule = read_schedule(table("schedule"), config.workers.size());
  config.detection = read_detection(table("detection"));
  if (std::string& labels = config.detection.labels; !labels.empty()) {
    labels = from_directory_of(file, labels);
  }
  read_output(table("output"), config);
  read_net(table("net"), config.net, file);
  config.engine = read_engine(table("engine"));
  return config;
}

Config load_config(const std::filesystem::path& file) {
  return parse_config(read_toml(file), file);
}

}  // namespace edge
