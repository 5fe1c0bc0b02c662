#include "engine/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ostream>

#include "engine/bytes.h"
#include "engine/error.h"
#include "engine/mapped_file.h"
#include "engine/output_file.h"
#include "engine/quoted_name.h"

namespace edge {
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::string_view float32 = "<f4";
constexpr std::uint64_t longest_npy_header = 64 << 10;  // of an array that has no fields: a hundred bytes
constexpr std::size_t value_alignment = 64;             // of the values in files that NumPy writes

/// The header's text: a Python dictionary of three entries.
class DictionaryReader {
 public:
  DictionaryReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Shape read() {
    expect('{');
    while (!take('}')) {
      read_entry();
      if (take('}')) break;
      expect(',');
    }
    skip_spaces();
    if (position_ != text_.size()) fail("its header goes on behind the dictionary");
    if (!type_ || !fortran_order_ || !shape_) fail("its header lacks descr, fortran_order or shape");
    if (*type_ != float32) {
      fail("values of type " + quoted_name(*type_) +
           " instead of little-endian float32 (\"<f4\"); save array.astype(numpy.float32)");
    }
    if (*fortran_order_) fail("in Fortran order; save numpy.ascontiguousarray(array)");
    return *shape_;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw Error(file_ + ": " + why); }
  [[noreturn]] void fail_here() const {
    fail("its header is damaged at byte " + std::to_string(position_) + " of " +
         std::to_string(text_.size()));
  }

  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
  }
  bool take(char wanted) {
    skip_spaces();
    if (position_ == text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) fail_here();
  }
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }

  std::string_view read_text() {
    skip_spaces();
    if (position_ == text_.size()) fail_here();
    const char quote = text_[position_];
    if (quote != '\'' && quote != '"') fail_here();
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) fail_here();
    const std::string_view text = text_.substr(position_ + 1, end - position_ - 1);
    position_ = end + 1;
    return text;
  }

  std::int64_t read_number() {
    skip_spaces();
    std::int64_t number = 0;
    const std::size_t begin = position_;
    for (; position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_) {
      if (__builtin_mul_overflow(number, std::int64_t{10}, &number) ||
          __builtin_add_overflow(number, std::int64_t{text_[position_] - '0'}, &number)) {
        fail_here();
      }
    }
    if (position_ == begin) fail_here();
    return number;
  }

  Shape read_shape() {
    std::array<std::int64_t, Shape::max_rank> extents{};
    std::size_t rank = 0;
    expect('(');
    while (!take(')')) {
      if (rank == extents.size()) {
        fail("more than " + std::to_string(Shape::max_rank) + " dimensions");
      }
      extents[rank++] = read_number();
      if (take(')')) break;
      expect(',');
    }
    return Shape(std::span<const std::int64_t>(extents.data(), rank));
  }

  void read_entry() {
    const std::string_view key = read_text();
    expect(':');
    if (key == "descr" && !type_) {
      if (take('[')) fail("an array with fields; only plain float32 arrays can be read");
      type_ = read_text();
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = take_word("True");
      if (!*fortran_order_ && !take_word("False")) fail_here();
    } else if (key == "shape" && !shape_) {
      shape_ = read_shape();
    } else {
      fail("its header has an entry " + quoted_name(key) + " that does not belong there");
    }
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t position_ = 0;
  std::optional<std::string_view> type_;
  std::optional<bool> fortran_order_;
  std::optional<Shape> shape_;
};

/// Version 1.0, the text padded so that the values are aligned.
std::string header_text(const Shape& shape) {
  std::string extents;
  for (const std::int64_t extent : shape.extents()) extents += std::to_string(extent) + ", ";
  if (shape.rank() > 0) extents.resize(extents.size() - (shape.rank() > 1 ? 2 : 1));  // "(3,)", "(2, 3)"
  std::string text =
      "{'descr': '" + std::string(float32) + "', 'fortran_order': False, 'shape': (" + extents + "), }";
  constexpr std::size_t prefix = magic.size() + 4;
  text.resize(
      (prefix + text.size() + 1 + value_alignment - 1) / value_alignment * value_alignment - prefix - 1, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\x01', '\x00', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, const std::string& file) {
  if (!bytes.starts_with(magic)) throw Error(file + ": not a .npy file");
  FileReader cursor(bytes, file, magic.size());
  const int major = cursor.number<std::uint8_t>();
  const int minor = cursor.number<std::uint8_t>();
  if (major < 1 || major > 3 || minor != 0) {
    throw Error(file + ": .npy version " + std::to_string(major) + "." + std::to_string(minor) +
                "; 1.0 to 3.0 can be read");
  }
  const std::uint64_t length = major == 1 ? cursor.number<std::uint16_t>() : cursor.number<std::uint32_t>();
  if (length > longest_npy_header) {
    throw Error(file + ": a header of " + std::to_string(length) + " bytes; at most " +
                std::to_string(longest_npy_header) + " are read");
  }
  NpyHeader header;
  header.shape = DictionaryReader(cursor.text(length), file).read();
  header.offset = static_cast<std::size_t>(cursor.position());
  std::int64_t needed = 0;
  if (__builtin_mul_overflow(header.shape.elements(), std::int64_t{sizeof(float)}, &needed) ||
      static_cast<std::uint64_t>(needed) != cursor.left()) {
    throw Error(file + ": cut off, or damaged: " + std::to_string(cursor.left()) +
                " bytes of values do not make a float32 array of " + header.shape.to_string());
  }
  return header;
}

Shape npy_shape(const std::string& file) {
  const MappedFile mapped(file);
  return parse_npy_header(mapped.bytes(), file).shape;
}

Tensor load_npy(const std::string& file) {
  static_assert(std::endian::native == std::endian::little);
  const MappedFile mapped(file);
  const NpyHeader header = parse_npy_header(mapped.bytes(), file);
  Tensor tensor(header.shape);
  std::memcpy(tensor.data(), mapped.bytes().data() + header.offset, tensor.bytes());
  return tensor;
}

void save_npy(const std::string& file, const Array& tensor) {
  OutputFile output(file);
  save_npy(output, tensor);
}

void save_npy(OutputFile& file, const Array& tensor) {
  assert(!tensor.empty());
  file.write([&](std::ostream& stream) {
    const std::string header = header_text(tensor.shape());
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    stream.write(reinterpret_cast<const char*>(tensor.data()), static_cast<std::streamsize>(tensor.bytes()));
  });
}

}  // namespace edge
