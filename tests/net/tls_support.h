// Both sides of a TLS connection without sockets, and secrets for tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/tls_session.h"

namespace edge::net::test {

/// Secrets of the same `number` are the same.
inline Secret secret_number(int number) {
  std::string text(43, 'A');
  text.replace(0, 2, number == 0 ? "AB" : number == 1 ? "CD" : "EF");
  return Secret::parse(text + "=");
}

inline std::shared_ptr<const TlsContext> tls_context(int secret = 0,
                                                     CipherOrder order = CipherOrder::by_cpu) {
  return std::make_shared<const TlsContext>(secret_number(secret), order);
}

/// The bytes of one direction, one after the other; each flight is what was sent before the other side
/// answered.
using Bytes = std::vector<std::byte>;

/// What one side has sent.
inline Bytes take(TlsSession& session) {
  return std::exchange(session.output(), {});
}

/// What a side makes of bytes.
struct Outcome {
  bool done = false;
  std::string error;      ///< what was thrown, if something was
  bool mismatch = false;  ///< it was a SecretMismatch
};

inline Outcome advance(TlsSession& session, const Bytes& bytes) {
  session.feed(bytes);
  try {
    return {.done = session.handshake(), .error = {}};
  } catch (const SecretMismatch& mismatch) {
    return {.error = mismatch.what(), .mismatch = true};
  } catch (const ConnectionLost& lost) {
    return {.error = lost.what()};
  }
}

/// All plaintext in `bytes`.
inline Bytes plaintext(TlsSession& session, const Bytes& bytes) {
  session.feed(bytes);
  Bytes text;
  Bytes piece(1000);
  while (const std::size_t count = session.read(piece)) {
    text.insert(text.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return text;
}

inline Bytes pattern(std::size_t count, unsigned seed = 1) {
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((seed = seed * 1664525U + 1013904223U) >> 24U);
  return bytes;
}

/// The three flights of a handshake, as they were sent.
struct Flights {
  Bytes hello;     ///< client to server
  Bytes answer;    ///< server to client
  Bytes finished;  ///< client to server
};

struct Pair {
  explicit Pair(const std::shared_ptr<const TlsContext>& one, const std::shared_ptr<const TlsContext>& other)
      : client(one, TlsSession::Side::client), server(other, TlsSession::Side::server) {}
  Pair() : Pair(tls_context(), tls_context()) {}

  /// Expects that it succeeds.
  Flights shake_hands() {
    Flights flights;
    client.handshake();
    flights.hello = take(client);
    const Outcome first = advance(server, flights.hello);
    flights.answer = take(server);
    const Outcome second = advance(client, flights.answer);
    flights.finished = take(client);
    const Outcome third = advance(server, flights.finished);
    done = first.error.empty() && second.done && third.done;
    return flights;
  }

  TlsSession client;
  TlsSession server;
  bool done = false;
};

}  // namespace edge::net::test
