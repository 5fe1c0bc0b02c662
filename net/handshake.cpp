#include "net/handshake.h"

#include <fmt/format.h>

#include <random>

#include "net/model_difference.h"
#include "net/whole_number.h"

namespace edge::net {
namespace {

using nlohmann::json;

json to_json(const Identity& identity) {
  return {{"role", identity.role},
          {"index", identity.index},
          {"instance", identity.instance},
          {"software_version", identity.software_version},
          {"model_hash", identity.model_hash},
          {"model", identity.model},
          {"isa", identity.isa}};
}

Identity identity_from(const json& value) {
  constexpr std::size_t word = 40;
  constexpr std::size_t hash = 80;
  constexpr std::size_t line = 200;
  return {.role = text_from(value.at("role"), word),
          .index = whole_number<int>(value.at("index")),
          .instance = whole_number<std::uint64_t>(value.at("instance")),
          .software_version = text_from(value.at("software_version"), word),
          .model_hash = text_from(value.at("model_hash"), hash),
          .model = text_from(value.at("model"), line),
          .isa = text_from(value.at("isa"), word)};
}

double seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::chrono::milliseconds timeout_from(const json& value) {
  constexpr double shortest_s = 0.01;
  constexpr double longest_s = 1e6;
  const double seconds = value.get<double>();
  if (!(seconds >= shortest_s && seconds <= longest_s)) throw ConnectionLost("it has an absurd time-out");
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string name_of(const std::string& role, int index) {
  return role == "worker" ? fmt::format("worker {}", index) : role;
}

/// Runs `parse` on the CBOR payload of a message that must be of type `type`.
template <typename Parse>
auto parse_payload(const Message& message, MessageType type, const char* what, Parse parse) {
  if (message.type != type)
    throw ConnectionLost(fmt::format("it sent something else where a {} was due", what));
  try {
    return parse(from_cbor(message.payload));
  } catch (const json::exception&) {
    throw ConnectionLost(fmt::format("it sent a malformed {}", what));
  }
}

}  // namespace

std::string Identity::name() const {
  return name_of(role, index);
}

Message pack(const Hello& hello) {
  return {.type = MessageType::hello,
          .payload = to_cbor({{"identity", to_json(hello.identity)},
                              {"purpose", hello.purpose == Purpose::link ? "link" : "control"},
                              {"wanted_role", hello.wanted_role},
                              {"wanted_index", hello.wanted_index},
                              {"timeout_s", seconds_of(hello.timeout)}})};
}

Message pack(const Welcome& welcome) {
  return {.type = MessageType::welcome,
          .payload = to_cbor({{"identity", to_json(welcome.identity)},
                              {"window_frames", welcome.window_frames},
                              {"timeout_s", seconds_of(welcome.timeout)}})};
}

Message pack(const Refusal& refusal) {
  return {.type = MessageType::refusal,
          .payload = to_cbor({{"reason", refusal.reason}, {"final", refusal.final}})};
}

Hello parse_hello(const Message& message) {
  return parse_payload(message, MessageType::hello, "hello", [](const json& value) {
    const auto purpose = value.at("purpose").get<std::string>();
    if (purpose != "link" && purpose != "control") throw ConnectionLost("it sent a hello of unknown purpose");
    return Hello{.identity = identity_from(value.at("identity")),
                 .purpose = purpose == "link" ? Purpose::link : Purpose::control,
                 .wanted_role = text_from(value.at("wanted_role")),
                 .wanted_index = whole_number<int>(value.at("wanted_index")),
                 .timeout = timeout_from(value.at("timeout_s"))};
  });
}

Welcome parse_welcome(const Message& message) {
  return parse_payload(message, MessageType::welcome, "welcome", [](const json& value) {
    const int window = whole_number<int>(value.at("window_frames"));
    if (window < 1 || window > 1024) throw ConnectionLost("it sent a welcome with an absurd window");
    return Welcome{.identity = identity_from(value.at("identity")),
                   .window_frames = window,
                   .timeout = timeout_from(value.at("timeout_s"))};
  });
}

Refusal parse_refusal(const Message& message) {
  constexpr std::size_t longest_reason = 800;  // it names two models
  return parse_payload(message, MessageType::refusal, "refusal", [](const json& value) {
    return Refusal{.reason = text_from(value.at("reason"), longest_reason),
                   .final = value.at("final").get<bool>()};
  });
}

std::optional<Refusal> check_hello(const Hello& hello, const Identity& self) {
  const std::string wanted = name_of(hello.wanted_role, hello.wanted_index);
  if (wanted != self.name()) {
    return Refusal{
        .reason = fmt::format("this is {}, not {}: check the addresses in the config", self.name(), wanted)};
  }
  if (hello.identity.software_version != self.software_version) {
    return Refusal{
        .reason = fmt::format("{} runs edge {}, {} runs edge {}: install the same version on all devices",
                              self.name(), self.software_version, hello.identity.name(),
                              hello.identity.software_version)};
  }
  if (hello.identity.model_hash != self.model_hash) {
    const std::string keys = differing_keys(self.model, hello.identity.model);
    return Refusal{
        .reason = fmt::format("{} runs {} ({}), {} runs {} ({}): use the same [model] on all devices{}{}",
                              self.name(), self.model, self.model_hash.substr(0, 8), hello.identity.name(),
                              hello.identity.model, hello.identity.model_hash.substr(0, 8),
                              keys.empty() ? "" : "; they differ in ", keys)};
  }
  return std::nullopt;
}

std::uint64_t new_instance() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace edge::net
