// The frames that the trainer learns from: as the master would send them, and their hash. One owner, one
// thread; cancel() of the source may be called from another.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "roles/video/frame_hold.h"
#include "roles/video/frame_source.h"

namespace edge::trainer {

class TrainingVideo {
 public:
  /// `source` must outlive this. `hold` as the master has it: what is held back never changes on a link.
  TrainingVideo(FrameSource& source, const HoldOptions& hold);

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
  FrameHold hold_;
  Digest digest_;
  std::uint64_t frames_ = 0;
};

}  // namespace edge::trainer
