// Records of TLS: what is sent and received under a chain's secret, per byte. Plain: the checksum alone that
// messages have in any case.
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cases.h"
#include "net/crc32c.h"
#include "net/tls_session.h"

namespace edge::count {
namespace {

using net::CipherOrder;
using net::TlsSession;

constexpr std::size_t message_bytes = std::size_t{256} << 10U;

/// Two ends that know each other.
struct Ends {
  explicit Ends(CipherOrder order)
      : context(std::make_shared<const net::TlsContext>(net::Secret::random(), order)),
        client(context, TlsSession::Side::client),
        server(context, TlsSession::Side::server),
        message(message_bytes, std::byte{7}),
        text(message_bytes) {
    client.handshake();
    pass(client, server);
    pass(server, client);
    pass(client, server);
  }
  static void pass(TlsSession& from, TlsSession& to) {
    const std::vector<std::byte> bytes = std::exchange(from.output(), {});
    to.feed(bytes);
    to.handshake();
  }
  void encrypt() {
    client.output().clear();
    client.write(message);
  }
  void decrypt() {
    server.feed(client.output());
    for (std::span<std::byte> rest = text; !rest.empty();) rest = rest.subspan(server.read(rest));
  }

  std::shared_ptr<const net::TlsContext> context;
  TlsSession client;
  TlsSession server;
  std::vector<std::byte> message;
  std::vector<std::byte> text;
};

/// Both ends: one has to encrypt what the other decrypts.
Work both_ends(CipherOrder order) {
  const auto ends = std::make_shared<Ends>(order);
  return {[ends] {
            ends->encrypt();
            ends->decrypt();
          },
          static_cast<std::int64_t>(message_bytes)};
}

Work checksum() {
  const auto message = std::make_shared<std::vector<std::byte>>(message_bytes, std::byte{7});
  return {[message] {
            volatile std::uint32_t sum = net::crc32c(*message);
            (void)sum;
          },
          static_cast<std::int64_t>(message_bytes)};
}

}  // namespace

std::vector<Case> tls_cases() {
  return {{"tls-chacha20poly1305", [] { return both_ends(CipherOrder::chacha_first); }},
          {"tls-aes128gcm", [] { return both_ends(CipherOrder::aes_first); }},
          {"crc32c", checksum}};
}

}  // namespace edge::count
