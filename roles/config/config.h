// config.toml: one file for all devices of a chain.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/models.h"
#include "roles/config/key_places.h"
#include "roles/config/preprocessing.h"
#include "roles/video/frame_hold.h"
#include "roles/video/rtsp_transport.h"

namespace edge {

namespace net {
class TlsContext;
}

struct Address {
  std::string host;  ///< IPv4, IPv6 (without brackets) or a name
  std::uint16_t port = 0;
  /// "host:port", "[v6]:port".
  std::string to_string() const;
  /// Throws Error unless `text` is host:port with a port in 1..65535. `what` names the key in the message.
  static Address parse(const std::string& text, const std::string& what);
  friend bool operator==(const Address&, const Address&) = default;
};

struct ModelConfig {
  std::string name = "street";
  bool features_only = false;
  std::string weights = {};  ///< .pth or .safetensors; empty: the network's own, or random ones
  std::string labels = {};   ///< names of the classes, one per line; empty: the network's own, or ImageNet's
  std::uint64_t seed = 1;    ///< of the random weights
  bool transform_input = false;  ///< only googlenet
  Preprocessing preprocessing = {};
  std::int64_t rows = 480, columns = 720;      ///< frame_size = [rows, columns]
  std::filesystem::path cache_directory = {};  ///< the whole config's: hashes of weight files
  bool fold_batch_norms = true;                ///< no key: `edge infer --unfolded`
  KeyPlaces where = {};                        ///< of name, weights, labels, features_only, frame_size
};

struct WorkerConfig {
  Address address;                   ///< where others reach it
  std::optional<Address> listen;     ///< where it listens; default: see listen_place() (roles/security.h)
  int threads = 0;                   ///< 0: all cores
  double bandwidth_bytes_per_s = 0;  ///< of the link into it, to begin with; 0: probed at the start
  KeyPlaces where = {};              ///< of address, listen
};

struct TrainerConfig {
  std::optional<Address> address;         ///< where the master reaches it; without one there is no trainer
  std::optional<Address> listen;          ///< where it listens; default: as a worker
  int frames = 24;                        ///< of the source's begin, to learn from
  std::string source;                     ///< empty: that of [video]
  std::chrono::milliseconds wait{60000};  ///< how long a master waits for the predictors at the start
  KeyPlaces where = {};                   ///< of address, listen, source
};

struct VideoConfig {
  std::string source = "media/sample.mp4";
  std::uint64_t frames = 0;  ///< 0: to the end of the video
  bool realtime = false;     ///< play a file at its own rate, drop frames when the chain is too slow
  bool loop = false;
  RtspTransport rtsp_transport = RtspTransport::automatic;
  HoldOptions hold = {.deadband = 0, .gate = 4};  ///< and refresh
  KeyPlaces where = {};                           ///< of source
};

enum class Mode : std::uint8_t { full, delta };
enum class ResultKind : std::uint8_t { top_k, checksum, full };

struct ScheduleConfig {
  std::string scheduler = "data_aware";  ///< a name of scheduler_names()
  std::string side = "edge";             ///< one_side: edge (first worker) or cloud (last worker)
  /// fixed: [first, last] layers of each worker, empty for none; several plans are used in turn, one per
  /// group.
  std::vector<std::vector<std::optional<std::pair<int, int>>>> plans;
  int group_size = 3;  ///< frames that share a plan
  int pending = 3;     ///< frames in flight
  int wait_for = 0;    ///< so many workers must be there to begin; 0: all
};

struct OutputConfig {
  std::string file = "-";  ///< JSON lines; "-": stdout
  ResultKind result = ResultKind::top_k;
  int top_k = 5;
  KeyPlaces where = {};  ///< of file
};

/// A class of a detector, as a config names it.
struct ClassChoice {
  std::string name;   ///< empty: by index
  int index = 0;      ///< if there is no name
  std::string where;  ///< for messages: "config.toml:31: detection.classes[0]"
};

struct DetectionConfig {
  std::string decoder = "auto";           ///< a name of detection::decoder_names(), "auto" or "none"
  std::optional<float> threshold = {};    ///< least score; none: what the decoder's authors use
  std::optional<float> nms = {};          ///< most overlap of two boxes of a class; none: likewise
  std::vector<ClassChoice> classes = {};  ///< to keep; empty: all
  std::string labels = {};                ///< names of the classes, one per line
  KeyPlaces where = {};                   ///< of all keys
};

struct NetConfig {
  Mode mode = Mode::delta;
  bool compress = true;
  ValueFormat values = ValueFormat::exact;  ///< of tensors between workers
  std::chrono::milliseconds heartbeat{500};
  std::chrono::milliseconds timeout{2000};  ///< a silent connection is given up after this
  std::string secret_file = {};             ///< empty: none
  bool insecure = false;                    ///< listen for other devices although there is no secret
  KeyPlaces where = {};                     ///< of secret_file, insecure
  /// No key: of the secret_file, once use_secret() (roles/security.h) has read it.
  std::shared_ptr<const net::TlsContext> tls = {};
};

/// Megabytes that [engine] keep may say.
constexpr double most_keep_mb = 1 << 20;

struct EngineConfig {
  /// Outputs kept from frame to frame, at most, so that only what changed is computed; 0: none. Nothing: what
  /// fits well into the device's memory (roles/keep_memory.h).
  std::optional<std::uint64_t> keep_bytes = {};
};

struct Config {
  std::filesystem::path file;  ///< where it was read from
  ModelConfig model;
  std::vector<WorkerConfig> workers;
  TrainerConfig trainer;
  VideoConfig video;
  ScheduleConfig schedule;
  DetectionConfig detection;
  OutputConfig output;
  NetConfig net;
  EngineConfig engine;
  int threads = 0;     ///< of the master's own executor (check) and of workers that do not say; 0: all cores
  bool check = false;  ///< the master computes every frame itself and compares
  std::string log_level = "info";
  std::filesystem::path cache_directory;  ///< profiles; default $XDG_CACHE_HOME/edge or ~/.cache/edge
};

/// Reads and checks the file. Throws Error: one line with file, line, key, what is wrong and what is expected
/// (unknown keys get the nearest known one as a suggestion). Relative paths are taken from the file's
/// directory.
Config load_config(const std::filesystem::path& file);
/// The same from text; `file` is used in messages.
Config parse_config(const std::string& text, const std::filesystem::path& file);

}  // namespace edge
