#include "net/tls_session.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace edge::net {
namespace {

constexpr const char* other_secret =
    "it has another secret than this device: copy the same secret file to all devices";

/// Empties OpenSSL's queue: its first error of TLS, or its first of any kind.
unsigned long take_error() {
  unsigned long first = 0;
  while (const unsigned long error = ERR_get_error()) {
    if (first == 0 || (ERR_GET_LIB(first) != ERR_LIB_SSL && ERR_GET_LIB(error) == ERR_LIB_SSL)) first = error;
  }
  return first;
}

/// What went wrong, in our own words or in those of OpenSSL.
[[noreturn]] void throw_tls_error(unsigned long error, bool shaken_hands, TlsSession::Side side) {
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    if (!shaken_hands && side == TlsSession::Side::client) {
      switch (reason) {
        case SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER:  // what OpenSSL answers to a binder of another key
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
          throw SecretMismatch(other_secret);
        case SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY:  // what our own plain listener answers
          throw SecretMismatch(
              "it has no secret, this device has one: copy the secret file there and name it under [net] "
              "secret_file, or remove it from the config here");
        case SSL_R_WRONG_VERSION_NUMBER:
          throw ConnectionLost("it does not speak TLS, so it is no edge with a secret");
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
          throw ConnectionLost("it shows a certificate instead of knowing the secret, so it is no edge");
        default:
          break;
      }
    }
    if (!shaken_hands && side == TlsSession::Side::server) {
      switch (reason) {
        case SSL_R_BINDER_DOES_NOT_VERIFY:
          throw SecretMismatch(other_secret);
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
          throw ConnectionLost("it wants an older version of TLS than 1.3, so it is no edge");
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SHARED_GROUPS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
          throw ConnectionLost("it speaks TLS, but not with a chain's secret, so it is no edge");
        default:
          break;
      }
    }
    if (reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) {
      throw ConnectionLost("what it sent arrived damaged, or is not from it (TLS)");
    }
  }
  const char* const words = ERR_reason_error_string(error);
  throw ConnectionLost(fmt::format("what it sent is not TLS as edge speaks it ({})",
                                   words != nullptr ? words : "unknown error"));
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, Side side)
    : context_(std::move(context)),
      side_(side),
      method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "edge")),
      ssl_(SSL_new(side == Side::client ? context_->client() : context_->server())) {
  if (!method_ || !ssl_) throw std::bad_alloc();
  BIO_meth_set_read(method_.get(), read_input);
  BIO_meth_set_write(method_.get(), write_output);
  BIO_meth_set_ctrl(method_.get(), control);
  BIO* const bio = BIO_new(method_.get());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // which owns it now
  if (side == Side::client) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

int TlsSession::read_input(bio_st* bio, char* bytes, int count) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(self.input_.size(), static_cast<std::size_t>(std::max(count, 0)));
  if (taken > 0) std::memcpy(bytes, self.input_.data(), taken);
  self.input_ = self.input_.subspan(taken);
  return static_cast<int>(taken);
}

int TlsSession::write_output(bio_st* bio, const char* bytes, int count) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto* const first = reinterpret_cast<const std::byte*>(bytes);
  try {
    self.output_.insert(self.output_.end(), first, first + count);
  } catch (const std::bad_alloc&) {  // which must not pass through C
    return -1;
  }
  return count;
}

long TlsSession::control(bio_st* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsSession::feed(std::span<const std::byte> bytes) {
  input_ = bytes;
}

void TlsSession::fail(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  const unsigned long error = take_error();
  const bool shaken_hands = SSL_is_init_finished(ssl_.get()) != 0;
  if (kind != SSL_ERROR_SSL) throw ConnectionLost("its TLS connection broke");
  throw_tls_error(error, shaken_hands, side_);
}

bool TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return false;
    fail(result);
  }
  // With an external key OpenSSL speaks of a session that is resumed. Nothing else can have got here.
  if (SSL_session_reused(ssl_.get()) != 1) throw ConnectionLost("it has not shown that it knows the secret");
  return true;
}

bool TlsSession::is_promising() const {
  return side_ == Side::server && SSL_session_reused(ssl_.get()) == 1;
}

std::size_t TlsSession::read(std::span<std::byte> bytes) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
  if (result == 1) return count;
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_ZERO_RETURN) return 0;
  fail(result);
}

bool TlsSession::ended() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsSession::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  ERR_clear_error();
  if (records_ >= records_per_key_) {
    records_ = 0;
    if (const int result = SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED); result != 1)
      fail(result);
  }
  records_ += (bytes.size() + record_bytes - 1) / record_bytes;
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
  if (result != 1) fail(result);
}

void TlsSession::finish() {
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();  // then the other side sees the connection end
}

std::string TlsSession::cipher() const {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get());
  return cipher != nullptr ? SSL_CIPHER_get_name(cipher) : "none";
}

}  // namespace edge::net
