// The frames that the trainer learns from: as the master would send them, and their hash. One owner, one
// thread; cancel() of the source may be called from another.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "roles/video/frame_source.h"

namespace edge::trainer {

class TrainingVideo {
 public:
  /// `source` must outlive this. `deadband` as in [video]: what it holds back never changes on a link.
  TrainingVideo(FrameSource& source, int deadband);

  /// The next frame (1x3xHxW, u8) that the master would send; nothing at the end. Throws the source's errors.
  std::optional<Array> next();
  std::uint64_t frames() const { return frames_; }
  /// SHA-256 of all pixels so far, hexadecimal.
  std::string hash() const;

 private:
  struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

  FrameSource& source_;
  const int deadband_;
  Digest digest_;
  Array held_;
  std::uint64_t frames_ = 0;
};

}  // namespace edge::trainer
