// TLS without sockets: everything that can come, bit by bit.
#include "net/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "tests/net/tls_support.h"

namespace edge::net {
namespace {

using test::advance;
using test::Bytes;
using test::Flights;
using test::Outcome;
using test::Pair;
using test::pattern;
using test::plaintext;
using test::take;
using test::tls_context;
using Side = TlsSession::Side;

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

Bytes part_of(const Bytes& bytes, std::size_t first, std::size_t count) {
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

Bytes flipped(Bytes bytes, std::size_t at, unsigned bit) {
  bytes[at] ^= static_cast<std::byte>(1U << bit);
  return bytes;
}

/// What lies around the data of records that are not encrypted is not protected: TLS lets its version be
/// anything.
bool is_unprotected_version(const Bytes& flight, std::size_t position) {
  constexpr std::size_t header = 5;
  constexpr std::byte encrypted{23};
  for (std::size_t at = 0; at + header <= flight.size();) {
    const std::size_t length =
        static_cast<std::size_t>(flight[at + 3]) << 8U | static_cast<std::size_t>(flight[at + 4]);
    if (position < at + header + length) {
      return flight[at] != encrypted && (position == at + 1 || position == at + 2);
    }
    at += header + length;
  }
  return false;
}

TEST(TlsSession, BothSidesReadWhatTheOtherWrites) {
  Pair pair;
  pair.shake_hands();
  ASSERT_TRUE(pair.done);
  EXPECT_TRUE(take(pair.server).empty()) << "a ticket?";
  for (const std::size_t count : {1UL, 28UL, 16384UL, 16385UL, 5000000UL}) {
    const Bytes bytes = pattern(count);
    pair.client.write(bytes);
    EXPECT_EQ(plaintext(pair.server, take(pair.client)), bytes);
    pair.server.write(bytes);
    EXPECT_EQ(plaintext(pair.client, take(pair.server)), bytes);
  }
}

TEST(TlsSession, NothingOfAMessageOrTheSecretIsOnTheWire) {
  const Secret secret = test::secret_number(0);
  const auto context = std::make_shared<const TlsContext>(secret);
  Pair pair(context, context);
  const Flights flights = pair.shake_hands();
  const Bytes text = pattern(1000);
  pair.client.write(text);
  Bytes wire = flights.hello;
  for (const Bytes& more : {flights.answer, flights.finished, take(pair.client)}) {
    wire.insert(wire.end(), more.begin(), more.end());
  }
  const auto has = [&](std::span<const std::byte> bytes) {
    return std::search(wire.begin(), wire.end(), bytes.begin(), bytes.end()) != wire.end();
  };
  EXPECT_TRUE(has(std::as_bytes(std::span(TlsContext::identity))));
  for (std::size_t at = 0; at + 8 <= text.size(); ++at) ASSERT_FALSE(has(std::span(text).subspan(at, 8)));
  const auto key = secret.key("edge tls 1.3 psk 1");
  for (std::size_t at = 0; at + 8 <= key.size(); ++at) ASSERT_FALSE(has(std::span(key).subspan(at, 8)));
}

TEST(TlsSession, ACpuWithoutAesDecides) {
  constexpr const char* aes = "TLS_AES_128_GCM_SHA256";
  constexpr const char* chacha = "TLS_CHACHA20_POLY1305_SHA256";
  struct Row {
    CipherOrder client, server;
    const char* cipher;
  };
  for (const Row& row : {Row{CipherOrder::aes_first, CipherOrder::aes_first, aes},
                         Row{CipherOrder::aes_first, CipherOrder::chacha_first, chacha},
                         Row{CipherOrder::chacha_first, CipherOrder::aes_first, chacha},
                         Row{CipherOrder::chacha_first, CipherOrder::chacha_first, chacha}}) {
    Pair pair(tls_context(0, row.client), tls_context(0, row.server));
    pair.shake_hands();
    ASSERT_TRUE(pair.done);
    EXPECT_EQ(pair.client.cipher(), row.cipher);
    EXPECT_EQ(pair.server.cipher(), row.cipher);
  }
}

TEST(TlsSession, OneByteAtATime) {
  Pair pair;
  pair.client.handshake();
  bool client_done = false;
  bool server_done = false;
  for (int round = 0; round < 3; ++round) {
    for (const std::byte byte : take(pair.client)) server_done |= advance(pair.server, {byte}).done;
    for (const std::byte byte : take(pair.server)) client_done |= advance(pair.client, {byte}).done;
  }
  ASSERT_TRUE(client_done && server_done);
  const Bytes bytes = pattern(20000);
  pair.client.write(bytes);
  Bytes read;
  for (const std::byte byte : take(pair.client)) {
    const Bytes piece = plaintext(pair.server, {byte});
    read.insert(read.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(read, bytes);
}

TEST(TlsSession, AnotherSecretIsToldAtBothEnds) {
  Pair pair(tls_context(0), tls_context(1));
  pair.client.handshake();
  const Outcome server = advance(pair.server, take(pair.client));
  EXPECT_TRUE(server.mismatch && says(server.error, "another secret")) << server.error;
  EXPECT_FALSE(pair.server.is_promising());
  const Outcome client = advance(pair.client, take(pair.server));
  EXPECT_TRUE(client.mismatch && says(client.error, "another secret")) << client.error;
}

TEST(TlsSession, WhatIsCutOffIsNotTakenForComplete) {
  const auto context = tls_context();
  Flights flights;
  {
    Pair pair(context, context);
    flights = pair.shake_hands();
  }
  for (std::size_t cut = 0; cut < flights.hello.size(); ++cut) {
    TlsSession server(context, Side::server);
    const Outcome outcome = advance(server, part_of(flights.hello, 0, cut));
    ASSERT_TRUE(!outcome.done && outcome.error.empty() && server.output().empty()) << cut << outcome.error;
  }
  for (std::size_t cut = 0;; ++cut) {
    Pair pair(context, context);
    pair.client.handshake();
    advance(pair.server, take(pair.client));
    const Bytes answer = take(pair.server);
    if (cut >= answer.size()) break;
    ASSERT_FALSE(advance(pair.client, part_of(answer, 0, cut)).done) << cut;
  }
  for (std::size_t cut = 0;; ++cut) {
    Pair pair(context, context);
    pair.client.handshake();
    advance(pair.server, take(pair.client));
    advance(pair.client, take(pair.server));
    const Bytes finished = take(pair.client);
    if (cut >= finished.size()) break;
    ASSERT_FALSE(advance(pair.server, part_of(finished, 0, cut)).done) << cut;
  }
}

enum class Fate { noticed, unnoticed, no_such_byte };

/// A handshake in which one bit of flight `number` is another.
Fate flip(const std::shared_ptr<const TlsContext>& context, int number, std::size_t at) {
  Pair pair(context, context);
  pair.client.handshake();
  Fate fate = Fate::noticed;
  const auto pass = [&](TlsSession& from, TlsSession& to, int flight) {
    Bytes bytes = take(from);
    if (flight == number && at >= bytes.size()) {
      fate = Fate::no_such_byte;
    } else if (flight == number && !is_unprotected_version(bytes, at)) {
      bytes = flipped(std::move(bytes), at, static_cast<unsigned>(at % 8));
    } else if (flight == number) {
      fate = Fate::unnoticed;
    }
    return advance(to, bytes).done;
  };
  pass(pair.client, pair.server, 0);
  const bool client_done = pass(pair.server, pair.client, 1);
  const bool server_done = pass(pair.client, pair.server, 2);
  if (fate == Fate::noticed && client_done && server_done) fate = Fate::unnoticed;
  return fate;
}

TEST(TlsSession, AFlippedBitAnywhereInTheHandshakeIsNoticed) {
  const auto context = tls_context();
  int bytes = 0;
  int unnoticed = 0;
  for (int flight = 0; flight < 3; ++flight) {
    for (std::size_t at = 0;; ++at) {
      const Fate fate = flip(context, flight, at);
      if (fate == Fate::no_such_byte) break;
      ++bytes;
      unnoticed += fate == Fate::unnoticed ? 1 : 0;
    }
  }
  EXPECT_GT(bytes, 400);
  EXPECT_LE(unnoticed, 8) << "the versions of four records that are not encrypted";
}

TEST(TlsSession, AFlippedBitAnywhereInARecordIsNoticed) {
  for (const CipherOrder order : {CipherOrder::aes_first, CipherOrder::chacha_first}) {
    const auto context = tls_context(0, order);
    for (std::size_t at = 0; at < 300 + 5 + 1 + 16; ++at) {
      Pair pair(context, context);
      pair.shake_hands();
      pair.client.write(pattern(300));
      const Bytes record = take(pair.client);
      ASSERT_EQ(record.size(), 300U + 5 + 1 + 16);
      Bytes read;
      try {
        read = plaintext(pair.server, flipped(record, at, static_cast<unsigned>(at % 8)));
      } catch (const ConnectionLost&) {
        continue;
      }
      EXPECT_TRUE(read.empty()) << at;
      EXPECT_TRUE(at == 3 || at == 4) << "only a length can have it wait: " << at;
    }
  }
}

TEST(TlsSession, RecordsThatWereSeenOrSwappedAreRefused) {
  for (const bool swapped : {false, true}) {
    Pair pair;
    pair.shake_hands();
    pair.client.write(pattern(10, 1));
    const Bytes first = take(pair.client);
    pair.client.write(pattern(10, 2));
    const Bytes second = take(pair.client);
    if (!swapped) plaintext(pair.server, first);
    EXPECT_THROW(plaintext(pair.server, swapped ? second : first), ConnectionLost);
  }
}

TEST(TlsSession, AReplayedHelloIsAnsweredAndLearnsNothing) {
  const auto context = tls_context();
  Flights flights;
  {
    Pair pair(context, context);
    flights = pair.shake_hands();
  }
  TlsSession server(context, Side::server);
  const Outcome hello = advance(server, flights.hello);
  EXPECT_TRUE(hello.error.empty() && !hello.done);
  EXPECT_TRUE(server.is_promising());
  take(server);
  const Outcome replayed = advance(server, flights.finished);
  EXPECT_FALSE(replayed.done);
  EXPECT_FALSE(replayed.error.empty());
}

TEST(TlsSession, EachSideMayEndItsHalf) {
  Pair pair;
  pair.shake_hands();
  pair.server.write(pattern(100));
  pair.server.finish();
  EXPECT_EQ(plaintext(pair.client, take(pair.server)), pattern(100));
  EXPECT_TRUE(pair.client.ended());
  pair.client.write(pattern(200));
  EXPECT_EQ(plaintext(pair.server, take(pair.client)), pattern(200));
  EXPECT_FALSE(pair.server.ended());
}

TEST(TlsSession, KeysAreReplaced) {
  Pair pair;
  pair.shake_hands();
  for (TlsSession* const session : {&pair.client, &pair.server}) session->set_records_per_key(3);
  for (unsigned i = 0; i < 50; ++i) {
    pair.client.write(pattern(100, i));
    ASSERT_EQ(plaintext(pair.server, take(pair.client)), pattern(100, i));
    pair.server.write(pattern(40000, i));
    ASSERT_EQ(plaintext(pair.client, take(pair.server)), pattern(40000, i));
  }
}

TEST(TlsSession, AHelloInsteadOfDataIsNoNewBeginning) {
  Pair pair;
  const Flights flights = pair.shake_hands();
  EXPECT_THROW(plaintext(pair.server, flights.hello), ConnectionLost);
}

TEST(TlsSession, PlainBytesInsteadOfDataAreRefused) {
  Pair pair;
  pair.shake_hands();
  EXPECT_THROW(plaintext(pair.server, pattern(1000)), ConnectionLost);
}

/// Any TLS, for callers and called that are not ours.
struct OtherTls {
  OtherTls(const SSL_METHOD* method, const std::function<void(SSL_CTX*)>& set_up)
      : context(SSL_CTX_new(method)) {
    set_up(context);
    ssl = SSL_new(context);
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
  }
  ~OtherTls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  OtherTls(const OtherTls&) = delete;
  OtherTls& operator=(const OtherTls&) = delete;
  Bytes sent() const {
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(out, &bytes);
    Bytes result(static_cast<std::size_t>(count));
    std::memcpy(result.data(), bytes, result.size());
    (void)BIO_reset(out);
    return result;
  }
  void take(const Bytes& bytes) const { BIO_write(in, bytes.data(), static_cast<int>(bytes.size())); }

  SSL_CTX* context;
  SSL* ssl = nullptr;
  BIO* in = nullptr;
  BIO* out = nullptr;
};

TEST(TlsSession, OlderVersionsAreRefused) {
  const OtherTls caller(TLS_client_method(),
                        [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  SSL_connect(caller.ssl);
  TlsSession server(tls_context(), Side::server);
  const Outcome outcome = advance(server, caller.sent());
  EXPECT_TRUE(says(outcome.error, "older version of TLS")) << outcome.error;
  EXPECT_FALSE(outcome.mismatch);
}

TEST(TlsSession, ACallerWithoutKeyIsRefused) {
  const OtherTls caller(TLS_client_method(), [](SSL_CTX*) {});
  SSL_connect(caller.ssl);
  TlsSession server(tls_context(), Side::server);
  const Outcome outcome = advance(server, caller.sent());
  EXPECT_TRUE(says(outcome.error, "not with a chain's secret")) << outcome.error;
}

TEST(TlsSession, ACertificateDoesNotReplaceTheSecret) {
  const OtherTls called(TLS_server_method(), [](SSL_CTX* context) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -1000);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("edge"), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, name);
    EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
    EXPECT_EQ(SSL_CTX_use_certificate(context, certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
  });
  TlsSession client(tls_context(), Side::client);
  client.handshake();
  called.take(take(client));
  SSL_accept(called.ssl);
  const Outcome outcome = advance(client, called.sent());
  EXPECT_FALSE(outcome.done);
  EXPECT_TRUE(says(outcome.error, "certificate")) << outcome.error;
}

TEST(TlsSession, AnAlertOfAPlainListenerSaysThatThereIsNoSecret) {
  TlsSession client(tls_context(), Side::client);
  client.handshake();
  Bytes alert;
  for (const int value : {21, 3, 3, 0, 2, 2, 115}) alert.push_back(static_cast<std::byte>(value));
  const Outcome outcome = advance(client, alert);
  EXPECT_TRUE(outcome.mismatch && says(outcome.error, "it has no secret")) << outcome.error;
}

TEST(TlsSession, WhatIsNoTlsIsToldSo) {
  TlsSession client(tls_context(), Side::client);
  client.handshake();
  const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  const Outcome outcome = advance(client, {first, first + text.size()});
  EXPECT_TRUE(says(outcome.error, "does not speak TLS")) << outcome.error;
  EXPECT_FALSE(outcome.mismatch);
}

}  // namespace
}  // namespace edge::net
