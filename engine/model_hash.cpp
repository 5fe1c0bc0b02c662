#include "engine/model_hash.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace edge {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  // SHA-256 is always there: the only failure is a lack of memory.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  constexpr const char* digits = "0123456789abcdef";
  std::string hexadecimal;
  for (unsigned int i = 0; i < length; ++i) {
    hexadecimal += digits[digest[i] >> 4];
    hexadecimal += digits[digest[i] & 15];
  }
  return hexadecimal;
}

std::string model_hash(const Graph& graph, const WeightSource& weights) {
  return sha256(graph.description() + "weights " + weights.identity() + "\n");
}

}  // namespace edge
