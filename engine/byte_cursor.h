// Reads a file's bytes from front to back, never beyond their end. One thread per cursor.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/error.h"

namespace edge {

/// Every function throws Error("FILE: cut off ...") where the bytes end too early.
class ByteCursor {
 public:
  /// The bytes and the file's name (for messages) must outlive the cursor.
  ByteCursor(std::string_view bytes, const std::string& file, std::uint64_t position = 0)
      : bytes_(bytes), file_(&file), position_(position) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return position_ < bytes_.size() ? bytes_.size() - position_ : 0; }

  std::string_view take(std::uint64_t count) {
    if (count > left()) {
      throw Error(*file_ + ": cut off, or damaged: " + std::to_string(count) +
                  " bytes are expected at byte " + std::to_string(position_) + " of " +
                  std::to_string(bytes_.size()));
    }
    const std::string_view taken =
        bytes_.substr(static_cast<std::size_t>(position_), static_cast<std::size_t>(count));
    position_ += count;
    return taken;
  }

  /// A little-endian number.
  template <class Number>
  Number number() {
    static_assert(std::endian::native == std::endian::little);
    Number value;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }

  /// Up to the next line feed, which is taken, too, but not returned.
  std::string_view line() {
    const std::string_view rest =
        left() == 0 ? std::string_view{} : bytes_.substr(static_cast<std::size_t>(position_));
    const std::size_t length = rest.find('\n');
    if (length == std::string_view::npos) throw Error(*file_ + ": cut off, or damaged: a line has no end");
    return take(length + 1).substr(0, length);
  }

 private:
  std::string_view bytes_;
  const std::string* file_;
  std::uint64_t position_;
};

}  // namespace edge
