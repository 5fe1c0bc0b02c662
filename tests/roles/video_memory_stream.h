// A ByteStream over bytes in memory, which hands out at most `piece` bytes at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "roles/video/byte_stream.h"

namespace edge {

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(std::string bytes, std::size_t piece = 1 << 16)
      : bytes_(std::move(bytes)), piece_(piece) {}

  std::size_t read(std::span<std::byte> out) override {
    if (cancelled_) return 0;
    const std::size_t count = std::min({out.size(), piece_, bytes_.size() - position_});
    if (count != 0) std::memcpy(out.data(), bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  void cancel() override { cancelled_ = true; }
  bool cancelled() const override { return cancelled_; }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t position_ = 0;
  bool cancelled_ = false;
};

}  // namespace edge
