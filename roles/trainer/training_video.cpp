#include "roles/trainer/training_video.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace edge::trainer {
namespace {

void require(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

TrainingVideo::TrainingVideo(FrameSource& source, const HoldOptions& hold)
    : source_(source), hold_(hold), digest_(EVP_MD_CTX_new()) {
  require(digest_ != nullptr && EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) == 1 ? 1 : 0);
}

std::optional<Array> TrainingVideo::next() {
  std::optional<Array> frame = source_.next();
  if (!frame) return frame;
  frame = hold_.hold(*std::move(frame));
  ++frames_;
  require(EVP_DigestUpdate(digest_.get(), frame->data(), frame->bytes()));
  return frame;
}

std::string TrainingVideo::hash() const {
  const Digest copy(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned length = 0;
  require(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), digest_.get()) == 1 ? 1 : 0);
  require(EVP_DigestFinal_ex(copy.get(), value.data(), &length));
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", value[i]);
  return text;
}

}  // namespace edge::trainer
