#include "engine/onnx/tensor_reader.h"

#include <charconv>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/onnx/message_fields.h"
#include "engine/quoted_name.h"

namespace edge::onnx {
namespace {

// What TensorProto's fields are.
enum Field : std::uint32_t {
  field_dims = 1,
  field_type = 2,
  field_segment = 3,
  field_floats = 4,
  field_int32s = 5,
  field_strings = 6,
  field_int64s = 7,
  field_name = 8,
  field_raw = 9,
  field_doubles = 10,
  field_uint64s = 11,
  field_external = 13,
  field_location = 14
};

/// The values of numbers of a fixed size: where they are in the file, if they are in one piece.
class FixedValues {
 public:
  void add(std::string_view part) {
    if (pieces_ == 0) {
      view_ = part;
    } else {
      if (pieces_ == 1) joined_ = std::make_shared<std::string>(view_);
      joined_->append(part);
    }
    ++pieces_;
  }
  bool any() const { return pieces_ > 0; }
  std::string_view bytes() const { return joined_ != nullptr ? std::string_view(*joined_) : view_; }
  std::shared_ptr<const void> owner(const std::shared_ptr<const void>& file) const {
    return joined_ != nullptr ? std::shared_ptr<const void>(joined_) : file;
  }

 private:
  std::size_t pieces_ = 0;
  std::string_view view_;
  std::shared_ptr<std::string> joined_;
};

struct ExternalPlace {
  bool used = false;
  std::string location;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool has_length = false;
};

std::uint64_t parse_count(const std::string& key, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error("its external data's " + key + " is " + quoted_name(text) + ", which is no number");
  }
  return value;
}

void read_external(std::string_view entry, ExternalPlace& place) {
  MessageFields fields(entry);
  std::string key;
  std::string value;
  while (fields.next()) {
    if (fields.number() == 1) {
      key = fields.text();
    } else if (fields.number() == 2) {
      value = fields.text();
    } else {
      fields.skip();
    }
  }
  if (key == "location") place.location = value;
  if (key == "offset") place.offset = parse_count(key, value);
  if (key == "length") {
    place.length = parse_count(key, value);
    place.has_length = true;
  }
}

struct Contents {
  Dimensions dims;
  DataType type = DataType::undefined;
  FixedValues raw, floats, doubles;
  std::vector<std::int64_t> integers;
  ExternalPlace external;
  bool segmented = false;
};

/// The integers of int32_data, int64_data and uint64_data as elements of `type`.
Constant from_list(const Contents& contents) {
  auto bytes = std::make_shared<std::string>();
  const std::size_t size = size_of(contents.type);
  bytes->reserve(contents.integers.size() * size);
  for (const std::int64_t integer : contents.integers) {
    bytes->append(reinterpret_cast<const char*>(&integer), size);  // little-endian; halves are bits here
  }
  const std::string_view view = *bytes;
  return {contents.type, contents.dims, view, std::move(bytes)};
}

Constant from_external(const Contents& contents, std::size_t bytes, ExternalData* external) {
  const ExternalPlace& place = contents.external;
  if (external == nullptr) throw Error("its values lie in another file, which cannot be read here");
  const ExternalData::Bytes file = external->open(place.location);
  const std::string name = quoted_name(place.location);
  if (place.has_length && place.length != bytes) {
    throw Error("has " + std::to_string(place.length) + " bytes in " + name + ", but its shape needs " +
                std::to_string(bytes));
  }
  if (place.offset > file.bytes.size() || bytes > file.bytes.size() - place.offset) {
    throw Error("needs bytes " + std::to_string(place.offset) + " to " +
                std::to_string(place.offset + bytes) + " of " + name + ", which has only " +
                std::to_string(file.bytes.size()));
  }
  return {contents.type, contents.dims, file.bytes.substr(static_cast<std::size_t>(place.offset), bytes),
          file.owner};
}

void check_count(std::size_t values, std::size_t needed) {
  if (values == needed) return;
  throw Error("has " + std::to_string(values) + " values, but its shape needs " + std::to_string(needed));
}

Constant assemble(const Contents& contents, const std::shared_ptr<const void>& owner,
                  ExternalData* external) {
  if (contents.segmented) throw Error("is stored in segments, which cannot be read");
  if (contents.dims.size() > most_dimensions) {
    throw Error("has " + std::to_string(contents.dims.size()) + " dimensions; at most " +
                std::to_string(most_dimensions) + " can be read");
  }
  const std::int64_t elements = element_count(contents.dims);
  if (contents.type == DataType::string) return {DataType::string, contents.dims, {}, nullptr};
  const std::size_t size = size_of(contents.type);
  if (size == 0) throw Error("has " + type_name(contents.type) + ", which cannot be read");
  if (static_cast<std::uint64_t>(elements) > SIZE_MAX / size) throw Error("is too large for this device");
  const std::size_t needed = static_cast<std::size_t>(elements) * size;
  if (contents.external.used) return from_external(contents, needed, external);

  const auto fixed = [&](const FixedValues& values) {
    check_count(values.bytes().size() / size, static_cast<std::size_t>(elements));
    if (values.bytes().size() != needed) throw Error("has values that are cut off");
    return Constant(contents.type, contents.dims, values.bytes(), values.owner(owner));
  };
  if (contents.raw.any()) return fixed(contents.raw);
  if (contents.type == DataType::float32) return fixed(contents.floats);
  if (contents.type == DataType::float64) return fixed(contents.doubles);
  check_count(contents.integers.size(), static_cast<std::size_t>(elements));
  return from_list(contents);
}

}  // namespace

NamedConstant read_tensor(std::string_view bytes, const std::shared_ptr<const void>& owner,
                          ExternalData* external) {
  NamedConstant result;
  Contents contents;
  MessageFields fields(bytes);
  while (fields.next()) {
    switch (fields.number()) {
      case field_dims:
        fields.append_integers(contents.dims);
        break;
      case field_type:
        contents.type = static_cast<DataType>(fields.integer());
        break;
      case field_segment:
        contents.segmented = true;
        fields.skip();
        break;
      case field_floats:
        contents.floats.add(fields.fixed_bytes(4));
        break;
      case field_doubles:
        contents.doubles.add(fields.fixed_bytes(8));
        break;
      case field_int32s:
      case field_int64s:
      case field_uint64s:
        fields.append_integers(contents.integers);
        break;
      case field_name:
        result.name = fields.text();
        break;
      case field_raw:
        contents.raw.add(fields.bytes());
        break;
      case field_external:
        read_external(fields.bytes(), contents.external);
        break;
      case field_location:
        contents.external.used = fields.integer() == 1;
        break;
      default:
        fields.skip();
    }
  }
  try {
    result.constant = assemble(contents, owner, external);
  } catch (const Error& error) {
    throw Error("tensor " + quoted_name(result.name) + " " + error.what());
  }
  return result;
}

}  // namespace edge::onnx
