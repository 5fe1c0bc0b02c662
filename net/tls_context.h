// How connections of a chain with a secret are protected: TLS 1.3 with an external pre-shared key and
// ephemeral X25519 (psk_dhe_ke), nothing else: no certificates, tickets, early data, older versions or other
// groups. Immutable once made; thread-safe.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/secret.h"

namespace edge::net {

/// Both ciphers are accepted; which one is offered first, and chosen when the two sides disagree.
enum class CipherOrder : std::uint8_t {
  by_cpu,       ///< AES-128-GCM if this CPU has instructions for it, else ChaCha20-Poly1305
  aes_first,    ///< TLS_AES_128_GCM_SHA256
  chacha_first  ///< TLS_CHACHA20_POLY1305_SHA256
};

/// Whether this CPU has instructions for AES and for GCM's multiplication.
bool cpu_has_aes();

class TlsContext {
 public:
  /// What the key is called on the wire: the same for every chain, so that it tells nobody which one this is.
  static constexpr std::string_view identity = "edge chain 1";

  /// Throws Error if OpenSSL cannot be used.
  explicit TlsContext(const Secret& secret, CipherOrder order = CipherOrder::by_cpu);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* client() const { return client_.get(); }
  ssl_ctx_st* server() const { return server_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
  };
  using ContextPointer = std::unique_ptr<ssl_ctx_st, Free>;

  ContextPointer make(const ssl_method_st* method, bool chacha_first);
  ssl_session_st* session_for(ssl_st* ssl) const;
  static int use_session(ssl_st* ssl, const evp_md_st* hash, const unsigned char** name, std::size_t* length,
                         ssl_session_st** session);
  static int find_session(ssl_st* ssl, const unsigned char* name, std::size_t length,
                          ssl_session_st** session);

  std::array<std::byte, 32> key_;
  ContextPointer client_;
  ContextPointer server_;
};

}  // namespace edge::net
