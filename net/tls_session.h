// One side of one TLS connection as a machine without a socket: bytes of the network in, bytes for the
// network out. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/message.h"
#include "net/tls_context.h"

namespace edge::net {

/// The two sides do not have the same secret, or one of them has none. Mending a config will help, trying
/// again will not.
class SecretMismatch : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

/// After an exception only output() is of use: it may hold an alert that tells the other side why.
class TlsSession {
 public:
  enum class Side : std::uint8_t { client, server };
  /// Of plaintext in a record, at most.
  static constexpr std::size_t record_bytes = 16384;
  /// After so many records the sending key is replaced: far below what AES-GCM bears (RFC 8446, 5.5).
  static constexpr std::uint64_t records_per_key = std::uint64_t{1} << 22U;

  TlsSession(std::shared_ptr<const TlsContext> context, Side side);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Bytes that came. They must stay where they are until needs_input().
  void feed(std::span<const std::byte> bytes);
  bool needs_input() const { return input_.empty(); }

  /// As far as what came reaches. True: it is done, and the other side knows the secret. Throws
  /// ConnectionLost, SecretMismatch.
  bool handshake();
  /// The server's: a hello came that only somebody who knows the secret can have made, now or (replayed)
  /// once.
  bool is_promising() const;

  // When the handshake is done:

  /// Plaintext. 0: more input is needed, or ended(). Throws ConnectionLost: damaged, forged, no TLS.
  std::size_t read(std::span<std::byte> bytes);
  /// The other side said that nothing more comes.
  bool ended() const;
  /// Adds the records of `bytes` to output(). Throws ConnectionLost.
  void write(std::span<const std::byte> bytes);
  /// Adds to output() that nothing more comes.
  void finish();

  /// What is to be sent; whoever sends it empties it.
  std::vector<std::byte>& output() { return output_; }

  /// "TLS_AES_128_GCM_SHA256"
  std::string cipher() const;
  void set_records_per_key(std::uint64_t records) { records_per_key_ = records; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const { SSL_free(ssl); }
    void operator()(bio_method_st* method) const { BIO_meth_free(method); }
  };
  static int read_input(bio_st* bio, char* bytes, int count);
  static int write_output(bio_st* bio, const char* bytes, int count);
  static long control(bio_st* bio, int command, long number, void* pointer);
  [[noreturn]] void fail(int result);

  std::shared_ptr<const TlsContext> context_;
  const Side side_;
  std::unique_ptr<bio_method_st, Free> method_;
  std::span<const std::byte> input_;
  std::vector<std::byte> output_;
  std::uint64_t records_ = 0;  ///< sent under the present key
  std::uint64_t records_per_key_ = records_per_key;
  std::unique_ptr<ssl_st, Free> ssl_;  ///< last: its end still calls the functions above
};

}  // namespace edge::net
