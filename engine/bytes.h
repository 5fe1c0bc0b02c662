// Numbers as little-endian bytes, as in all of our formats and all that we read (pickles' reals aside), and
// reading them from front to back, never beyond the end. Functions are thread-safe, a reader belongs to one
// thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/error.h"

namespace edge {

template <class Number>
std::array<std::byte, sizeof(Number)> little_endian_bytes(Number number) {
  static_assert(std::is_arithmetic_v<Number>);
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(Number)>>(number);
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

/// Writes sizeof(Number) bytes.
template <class Number>
void store_little_endian(std::byte* to, Number number) {
  const auto bytes = little_endian_bytes(number);
  std::copy(bytes.begin(), bytes.end(), to);
}

template <class Number>
void append_little_endian(Number number, std::vector<std::byte>& to) {
  const auto bytes = little_endian_bytes(number);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// Reads sizeof(Number) bytes, which need not be aligned.
template <class Number>
Number load_little_endian(const std::byte* from) {
  static_assert(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>);
  std::array<std::byte, sizeof(Number)> bytes;
  std::copy_n(from, bytes.size(), bytes.begin());
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Number>(bytes);
}

/// Takes from the front of bytes, which must outlive it and what it gives. Where they end too early,
/// CutOff::operator()(wanted bytes, position, number of all bytes) throws.
template <class CutOff>
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes, CutOff cut_off = {}, std::uint64_t position = 0)
      : bytes_(bytes), cut_off_(cut_off), position_(position) {}

  std::uint64_t position() const { return position_; }
  /// A position behind the end, which a file may name, leaves nothing.
  std::size_t left() const {
    return position_ < bytes_.size() ? bytes_.size() - static_cast<std::size_t>(position_) : 0;
  }

  std::span<const std::byte> take(std::uint64_t count) {
    if (count > left()) cut_off_(count, position_, bytes_.size());
    if (count == 0) return {};
    const auto taken = bytes_.subspan(static_cast<std::size_t>(position_), static_cast<std::size_t>(count));
    position_ += count;
    return taken;
  }
  std::string_view text(std::uint64_t count) {
    const std::span<const std::byte> taken = take(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  template <class Number>
  Number number() {
    return load_little_endian<Number>(take(sizeof(Number)).data());
  }

 protected:
  /// All that is left, which is not taken.
  std::string_view rest() const {
    if (left() == 0) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + position_, left()};
  }

 private:
  std::span<const std::byte> bytes_;
  CutOff cut_off_;
  std::uint64_t position_;
};

/// Throws Error("FILE: cut off ...").
struct FileCutOff {
  const std::string* file;
  [[noreturn]] void operator()(std::uint64_t wanted, std::uint64_t position, std::uint64_t size) const {
    throw Error(*file + ": cut off, or damaged: " + std::to_string(wanted) + " bytes are expected at byte " +
                std::to_string(position) + " of " + std::to_string(size));
  }
};

/// Reads a file's bytes.
class FileReader : public ByteReader<FileCutOff> {
 public:
  /// The file's name, for messages, must outlive this, too.
  FileReader(std::string_view bytes, const std::string& file, std::uint64_t position = 0)
      : ByteReader(std::as_bytes(std::span(bytes)), {&file}, position), file_(&file) {}

  /// Up to the next line feed, which is taken, too, but not returned.
  std::string_view line() {
    const std::size_t length = rest().find('\n');
    if (length == std::string_view::npos) throw Error(*file_ + ": cut off, or damaged: a line has no end");
    return text(length + 1).substr(0, length);
  }

 private:
  const std::string* file_;
};

}  // namespace edge
