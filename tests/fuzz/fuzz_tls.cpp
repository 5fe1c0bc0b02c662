// What a stranger sends to a side that wants TLS, before and behind the handshake: nothing but the secret
// gets him in, no bytes break anything, and answers are short. And what somebody with the secret sends as
// messages.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/handshake.h"
#include "net/tls_session.h"

namespace {

using namespace edge::net;
using Side = TlsSession::Side;
using Bytes = std::vector<std::byte>;

/// More is no answer to a stranger.
constexpr std::size_t longest_answer = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const TlsContext> context() {
  static const auto one =
      std::make_shared<const TlsContext>(Secret::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
  return one;
}

/// `bytes` in pieces of `piece` bytes, until something throws.
template <typename Take>
void in_pieces(std::span<const std::byte> bytes, std::size_t piece, Take take) {
  try {
    while (!bytes.empty()) {
      const auto now = bytes.first(std::min(piece, bytes.size()));
      take(now);
      bytes = bytes.subspan(now.size());
    }
  } catch (const edge::Error&) {  // refused, as it should be
  }
}

void shake_hands_with_stranger(TlsSession& session, std::span<const std::byte> bytes, std::size_t piece) {
  in_pieces(bytes, piece, [&](std::span<const std::byte> now) {
    session.feed(now);
    require(!session.handshake());
  });
  require(session.output().size() <= longest_answer);
}

struct Pair {
  TlsSession client{context(), Side::client};
  TlsSession server{context(), Side::server};
  Bytes hello;

  void say_hello() {
    client.handshake();
    hello = std::exchange(client.output(), {});
    server.feed(hello);
    server.handshake();
  }
  void shake_hands() {
    say_hello();
    const Bytes answer = std::exchange(server.output(), {});
    client.feed(answer);
    require(client.handshake());
    const Bytes finished = std::exchange(client.output(), {});
    server.feed(finished);
    require(server.handshake());
  }
};

void read_all(TlsSession& session, std::span<const std::byte> bytes, std::size_t piece, Bytes& text) {
  in_pieces(bytes, piece, [&](std::span<const std::byte> now) {
    session.feed(now);
    std::array<std::byte, 700> some{};
    while (const std::size_t count = session.read(some))
      text.insert(text.end(), some.begin(), some.begin() + count);
  });
}

/// What Connection does with what it reads.
void parse_messages(std::span<const std::byte> text) {
  try {
    while (text.size() >= header_bytes) {
      const auto head = text.first<header_bytes>();
      const Header header = parse_header(head, max_control_bytes);
      text = text.subspan(header_bytes);
      if (text.size() < header.payload_bytes) return;
      check_crc(header, head, text.first(header.payload_bytes));
      Message message{.type = header.type, .flags = header.flags, .frame = header.frame, .payload = {}};
      message.payload.assign(text.begin(), text.begin() + header.payload_bytes);
      text = text.subspan(header.payload_bytes);
      if (message.type == MessageType::farewell) throw parse_farewell(message);
      parse_hello(message);
    }
  } catch (const edge::Error&) {  // refused, as it should be
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned mode = data[0] % 6U;
  const std::size_t piece = 1 + std::size_t{data[1]} * 7;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  Pair pair;
  Bytes text;
  switch (mode) {
    case 0:  // a stranger calls
      shake_hands_with_stranger(pair.server, bytes, piece);
      break;
    case 1:  // a stranger is called
      pair.client.handshake();
      pair.client.output().clear();
      shake_hands_with_stranger(pair.client, bytes, piece);
      break;
    case 2:  // a stranger has recorded a hello
      pair.say_hello();
      require(pair.server.is_promising());
      pair.server.output().clear();
      shake_hands_with_stranger(pair.server, bytes, piece);
      break;
    case 3:  // a stranger cuts in, either way
    case 4:
      pair.shake_hands();
      read_all(mode == 3 ? pair.server : pair.client, bytes, piece, text);
      require(text.empty());
      break;
    default: {  // somebody who has the secret
      pair.shake_hands();
      Bytes wire;
      for (std::span<const std::byte> rest = bytes; !rest.empty();) {
        const auto now = rest.first(std::min(piece, rest.size()));
        pair.client.write(now);
        rest = rest.subspan(now.size());
      }
      read_all(pair.server, pair.client.output(), piece, text);
      require(std::equal(text.begin(), text.end(), bytes.begin(), bytes.end()));
      parse_messages(text);
    }
  }
  return 0;
}
