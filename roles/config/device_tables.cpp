#include "roles/config/device_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "engine/error.h"
#include "roles/config/paths.h"

namespace edge {
namespace {

constexpr std::size_t max_workers = 64;
constexpr double least_bandwidth = 1e3, most_bandwidth = 1e12;  // bytes/s; less is surely a forgotten unit
constexpr int max_training_frames = 10'000;

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

}  // namespace

std::vector<WorkerConfig> read_workers(const TomlReader& top, const std::filesystem::path& file,
                                       int threads) {
  std::vector<WorkerConfig> workers;
  const std::string expected = "[[workers]], once per worker";
  const toml::array* tables = top.array("workers", expected);
  if (tables == nullptr || tables->empty()) {
    throw Error(fmt::format("{}: no [[workers]]; a chain needs at least one", file.string()));
  }
  if (tables->size() > max_workers) {
    throw Error(fmt::format("{}: {} workers; at most {} are allowed", top.where("workers"), tables->size(),
                            max_workers));
  }
  for (const toml::node& node : *tables) {
    const std::string label = fmt::format("workers[{}]", workers.size());
    if (!node.is_table()) {
      throw Error(fmt::format("{}: expected {}", top.where(node, label), expected));
    }
    const TomlReader reader(*node.as_table(), "workers", label, file);
    WorkerConfig worker;
    worker.where = reader.places_of({"address", "listen"});
    worker.address = read_peer_address(reader);
    if (reader.has("listen")) {
      worker.listen = read_address(reader, "listen");
    }
    worker.threads = threads;
    reader.read_integer("threads", worker.threads, 0, max_threads);
    reader.read_number("bandwidth", worker.bandwidth_bytes_per_s, least_bandwidth, most_bandwidth);
    for (std::size_t other = 0; other < workers.size(); ++other) {
      if (same_endpoint(worker.address, workers[other].address)) {
        throw Error(fmt::format("{}: '{}' is already the address of workers[{}]", reader.where("address"),
                                worker.address.to_string(), other));
      }
    }
    workers.push_back(std::move(worker));
  }
  return workers;
}

TrainerConfig read_trainer(const TomlReader& reader, const std::filesystem::path& file,
                           const std::vector<WorkerConfig>& workers) {
  TrainerConfig trainer;
  trainer.where = reader.places_of({"address", "listen", "source"});
  reader.read_integer("frames", trainer.frames, 2, max_training_frames);
  read_source(reader, trainer.source, file);
  reader.read_seconds("wait_s", trainer.wait, 0, 3600);
  if (reader.has("listen")) {
    trainer.listen = read_address(reader, "listen");
  }
  if (!reader.has("address")) return trainer;
  const Address address = read_peer_address(reader);
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    if (same_endpoint(address, workers[worker].address)) {
      throw Error(fmt::format("{}: '{}' is already the address of workers[{}]; give the trainer its own port",
                              reader.where("address"), address.to_string(), worker));
    }
  }
  trainer.address = address;
  return trainer;
}

}  // namespace edge
