#include "net/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/tls1.h>

#if defined(__arm__) || defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <cstring>

#include "engine/error.h"

namespace edge::net {
namespace {

void require_tls(bool done) {
  if (done) return;
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  throw Error(std::string("OpenSSL cannot do TLS 1.3: ") + (reason != nullptr ? reason : "unknown error"));
}

/// Whoever shows a certificate has not shown that he knows the secret.
int no_certificate_will_do(X509_STORE_CTX* /*store*/, void* /*argument*/) {
  return 0;
}

}  // namespace

bool cpu_has_aes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__)
  constexpr unsigned long needed = HWCAP_AES | HWCAP_PMULL;
  return (getauxval(AT_HWCAP) & needed) == needed;
#elif defined(__arm__) && defined(HWCAP2_AES)
  constexpr unsigned long needed = HWCAP2_AES | HWCAP2_PMULL;
  return (getauxval(AT_HWCAP2) & needed) == needed;
#else
  return false;
#endif
}

TlsContext::TlsContext(const Secret& secret, CipherOrder order) : key_(secret.key("edge tls 1.3 psk 1")) {
  // What openssl.cnf of this device says is not asked.
  require_tls(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1);
  const bool chacha_first =
      order == CipherOrder::chacha_first || (order == CipherOrder::by_cpu && !cpu_has_aes());
  client_ = make(TLS_client_method(), chacha_first);
  SSL_CTX_set_psk_use_session_callback(client_.get(), use_session);
  // A server that goes on without the key would have to show a certificate: none is good enough.
  SSL_CTX_set_verify(client_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(client_.get(), no_certificate_will_do, nullptr);
  server_ = make(TLS_server_method(), chacha_first);
  SSL_CTX_set_psk_find_session_callback(server_.get(), find_session);
  // Without AES instructions on one side ChaCha20 is faster in all: a client that puts it first gets it, and
  // so does a server that does.
  if (chacha_first) SSL_CTX_set_options(server_.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
}

TlsContext::~TlsContext() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

TlsContext::ContextPointer TlsContext::make(const ssl_method_st* method, bool chacha_first) {
  ContextPointer context(SSL_CTX_new(method));
  require_tls(context != nullptr);
  ssl_ctx_st* const raw = context.get();
  require_tls(SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1);
  // The key is bound to SHA-256, so AES-256 with its SHA-384 is not among them.
  require_tls(SSL_CTX_set_ciphersuites(
                  raw, chacha_first ? "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
                                    : "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1);
  require_tls(SSL_CTX_set1_groups_list(raw, "X25519") == 1);
  // Without SSL_OP_ALLOW_NO_DHE_KEX a key alone (psk_ke) is neither offered nor accepted.
  SSL_CTX_clear_options(raw, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  require_tls(SSL_CTX_set_num_tickets(raw, 0) == 1);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  require_tls(SSL_CTX_set_max_early_data(raw, 0) == 1 && SSL_CTX_set_recv_max_early_data(raw, 0) == 1);
  SSL_CTX_set_app_data(raw, this);
  return context;
}

/// The key in the form in which OpenSSL takes it; null: out of memory.
ssl_session_st* TlsContext::session_for(ssl_st* ssl) const {
  constexpr std::array<unsigned char, 2> any_with_sha256 = {0x13, 0x01};  // TLS_AES_128_GCM_SHA256
  SSL_SESSION* const session = SSL_SESSION_new();
  if (session == nullptr) return nullptr;
  const SSL_CIPHER* const cipher = SSL_CIPHER_find(ssl, any_with_sha256.data());
  if (cipher == nullptr || SSL_SESSION_set_cipher(session, cipher) != 1 ||
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1 ||
      SSL_SESSION_set1_master_key(session, reinterpret_cast<const unsigned char*>(key_.data()),
                                  key_.size()) != 1) {
    SSL_SESSION_free(session);
    return nullptr;
  }
  return session;
}

/// The client's: which key is offered.
int TlsContext::use_session(ssl_st* ssl, const evp_md_st* hash, const unsigned char** name,
                            std::size_t* length, ssl_session_st** session) {
  *session = nullptr;
  if (hash != nullptr && EVP_MD_is_a(hash, "SHA256") != 1) return 1;  // none fits
  const auto* const self = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  *session = self->session_for(ssl);
  *name = reinterpret_cast<const unsigned char*>(identity.data());
  *length = identity.size();
  return *session != nullptr ? 1 : 0;
}

/// The server's: the key of that name.
int TlsContext::find_session(ssl_st* ssl, const unsigned char* name, std::size_t length,
                             ssl_session_st** session) {
  *session = nullptr;
  if (length != identity.size() || std::memcmp(name, identity.data(), length) != 0) return 1;
  const auto* const self = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  *session = self->session_for(ssl);
  return *session != nullptr ? 1 : 0;
}

}  // namespace edge::net
