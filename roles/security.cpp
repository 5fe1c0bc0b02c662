#include "roles/security.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <cctype>

#include "engine/error.h"
#include "net/secret.h"
#include "net/tls_context.h"

namespace edge {
namespace {

constexpr const char* what_to_do =
    "run `edge secret`, copy the file to all devices and write secret_file = \"edge.secret\" under [net]; or "
    "insecure = true there";

}  // namespace

void use_secret(NetConfig& net) {
  if (net.secret_file.empty()) return;
  at_key(net.where, "secret_file",
         [&net] { net.tls = std::make_shared<const net::TlsContext>(net::Secret::load(net.secret_file)); });
}

bool is_loopback(const std::string& host) {
  asio::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) {
    constexpr std::string_view name = "localhost";
    return std::equal(host.begin(), host.end(), name.begin(), name.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  }
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

Address listen_place(const std::optional<Address>& listen, const Address& address, const KeyPlaces& where,
                     const NetConfig& net) {
  const bool open = net.tls != nullptr || net.insecure;
  const Address everywhere{.host = "", .port = address.port};
  if (open) {
    Address place = listen ? *listen : everywhere;
    if (net.insecure && !is_loopback(place.host)) {
      spdlog::warn(
          "insecure = true in [net]: whoever reaches port {} can use this device, and sees and changes what "
          "is sent",
          place.port);
    }
    return place;
  }
  if (listen) {
    if (is_loopback(listen->host)) return *listen;
    throw Error(
        fmt::format("{}{} is open to other devices, but there is no [net] secret_file, so anybody could use "
                    "this one: {}",
                    place_of(where, "listen"), listen->to_string(), what_to_do));
  }
  if (is_loopback(address.host)) return address;
  spdlog::warn(
      "{}listens on loopback only, so that no other device reaches {}, since there is no [net] secret_file: "
      "{}",
      place_of(where, "address"), address.to_string(), what_to_do);
  return {.host = "127.0.0.1", .port = address.port};
}

void warn_of_plain_calls(const Config& config) {
  if (!config.net.secret_file.empty()) return;
  std::vector<Address> called;
  for (const WorkerConfig& worker : config.workers) called.push_back(worker.address);
  if (config.trainer.address) called.push_back(*config.trainer.address);
  const auto other =
      std::find_if(called.begin(), called.end(), [](const Address& one) { return !is_loopback(one.host); });
  if (other == called.end()) return;
  if (config.net.insecure) {
    spdlog::warn(
        "insecure = true in [net]: who is on the way to {} sees and changes what is sent, or answers in its "
        "place",
        other->to_string());
  } else {
    spdlog::warn("there is no [net] secret_file, so that {} listens on its own loopback only: {}",
                 other->to_string(), what_to_do);
  }
}

}  // namespace edge
