// One protobuf message, field by field, over protozero's reader, which leaves it to its caller to know the
// field's wire type: here it is checked. One thread. Throws Error (without the file's name) for bytes that
// are no protobuf message; protozero's own exceptions pass through.
#pragma once

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace edge::onnx {

class MessageFields {
 public:
  explicit MessageFields(std::string_view bytes) : reader_(bytes.data(), bytes.size()) {}

  /// Goes to the next field; false at the end.
  bool next() { return reader_.next(); }
  std::uint32_t number() const { return reader_.tag(); }
  void skip() { reader_.skip(); }

  /// Bytes, a string or a message.
  std::string_view bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader_.get_view();
    return {view.data(), view.size()};
  }
  std::string text() { return std::string(bytes()); }
  std::int64_t integer() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_int64();
  }
  float float_number() {
    expect(protozero::pbf_wire_type::fixed32);
    return reader_.get_float();
  }

  /// Of a repeated field of integers: one, or a packed list of them.
  void append_integers(std::vector<std::int64_t>& to) {
    if (reader_.wire_type() == protozero::pbf_wire_type::varint) {
      to.push_back(reader_.get_int64());
      return;
    }
    expect(protozero::pbf_wire_type::length_delimited);
    for (const std::int64_t value : reader_.get_packed_int64()) to.push_back(value);
  }

  /// Of a repeated field of numbers of `size` bytes (4 or 8): the bytes of one, or of a packed list of them.
  std::string_view fixed_bytes(std::size_t size) {
    const auto single = size == 4 ? protozero::pbf_wire_type::fixed32 : protozero::pbf_wire_type::fixed64;
    if (reader_.wire_type() == single) {
      const char* const begin = reader_.data().data();
      reader_.skip();
      return {begin, size};
    }
    const std::string_view packed = bytes();
    if (packed.size() % size != 0) throw Error("a list of numbers is cut off");
    return packed;
  }

 private:
  void expect(protozero::pbf_wire_type type) const {
    if (reader_.wire_type() != type) {
      throw Error("field " + std::to_string(number()) + " is not of the kind that ONNX has there");
    }
  }

  protozero::pbf_reader reader_;
};

}  // namespace edge::onnx
