// The header of a safetensors file, read event by event: a structure that does not belong there ends the
// reading at once, whatever its depth or size.
#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "engine/error.h"
#include "engine/quoted_name.h"
#include "engine/safetensors.h"

namespace edge {
namespace {

struct TypeSize {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array type_sizes{TypeSize{"F32", 4},  TypeSize{"F16", 2},     TypeSize{"BF16", 2},
                                TypeSize{"F64", 8},  TypeSize{"I64", 8},     TypeSize{"I32", 4},
                                TypeSize{"I16", 2},  TypeSize{"I8", 1},      TypeSize{"U64", 8},
                                TypeSize{"U32", 4},  TypeSize{"U16", 2},     TypeSize{"U8", 1},
                                TypeSize{"BOOL", 1}, TypeSize{"F8_E4M3", 1}, TypeSize{"F8_E5M2", 1}};

constexpr std::size_t most_entries = 100'000;

/// An entry as it stands in the file.
struct RawEntry {
  std::string name;
  std::optional<std::string> type;
  std::optional<std::vector<std::uint64_t>> shape, offsets;
};

class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<RawEntry> entries;
  std::map<std::string, std::string> metadata;
  std::string problem;

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::outside:
        return enter(Place::names);
      case Place::name:
        if (key_ == metadata_key) return enter(Place::metadata);
        if (entries.size() == most_entries) return fail("more tensors than any network has");
        entries.push_back({.name = key_, .type = {}, .shape = {}, .offsets = {}});
        return enter(Place::tensor);
      default:
        return misplaced("an object");
    }
  }

  bool key(std::string& key) override {
    if (place_ == Place::names) {
      if (!names_.insert(key).second) return fail("name " + quoted_name(key) + " is there twice");
      key_ = key;
      return enter(Place::name);
    }
    if (place_ == Place::metadata) {
      if (metadata.size() == most_entries) return fail("more metadata than any network has");
      if (metadata.contains(key)) return fail("metadata key " + quoted_name(key) + " is there twice");
      key_ = key;
      return enter(Place::metadata_value);
    }
    const RawEntry& entry = entries.back();
    const auto attribute = [&](bool given, Place place) {
      return given ? fail(of_entry() + "has " + quoted_name(key) + " twice") : enter(place);
    };
    if (key == "dtype") return attribute(entry.type.has_value(), Place::type);
    if (key == "shape") return attribute(entry.shape.has_value(), Place::shape);
    if (key == "data_offsets") return attribute(entry.offsets.has_value(), Place::offsets);
    return fail(of_entry() + "has an unknown key " + quoted_name(key));
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      const RawEntry& entry = entries.back();
      if (!entry.type || !entry.shape || !entry.offsets) {
        return fail(of_entry() + "needs dtype, shape and data_offsets");
      }
    }
    return enter(place_ == Place::names ? Place::outside : Place::names);
  }

  bool string(std::string& text) override {
    if (place_ == Place::type) {
      entries.back().type = text;
      return enter(Place::tensor);
    }
    if (place_ == Place::metadata_value) {
      metadata[key_] = text;
      return enter(Place::metadata);
    }
    return misplaced("a string");
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::shape && !in_array_) entries.back().shape.emplace();
    if (place_ == Place::offsets && !in_array_) entries.back().offsets.emplace();
    if ((place_ != Place::shape && place_ != Place::offsets) || in_array_) return misplaced("an array");
    return in_array_ = true;
  }

  bool end_array() override {
    in_array_ = false;
    if (place_ == Place::offsets && entries.back().offsets->size() != 2) {
      return fail(of_entry() + "needs two data_offsets");
    }
    return enter(Place::tensor);
  }

  bool number_unsigned(std::uint64_t number) override {
    if (!in_array_) return misplaced("a number");
    std::vector<std::uint64_t>& list =
        place_ == Place::shape ? *entries.back().shape : *entries.back().offsets;
    const std::size_t most = place_ == Place::shape ? Shape::max_rank : 2;
    if (list.size() == most) {
      return fail(of_entry() + "has more than " + std::to_string(most) +
                  (place_ == Place::shape ? " dimensions" : " data_offsets"));
    }
    list.push_back(number);
    return true;
  }

  bool number_integer(std::int64_t) override { return misplaced("a negative number"); }
  bool number_float(double, const std::string&) override { return misplaced("a number that is not whole"); }
  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("true or false"); }
  bool binary(nlohmann::json::binary_t&) override { return misplaced("bytes"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    return fail("not valid JSON at byte " + std::to_string(position) + " of the header");
  }

 private:
  enum class Place : std::uint8_t {
    outside,
    names,           ///< in the outer object, before a name
    name,            ///< behind a name
    tensor,          ///< in a tensor's object, before a key
    type,            ///< behind "dtype"
    shape,           ///< behind "shape", or in its array
    offsets,         ///< behind "data_offsets", or in its array
    metadata,        ///< in the object of the metadata, before a key
    metadata_value,  ///< behind such a key
  };
  static constexpr std::string_view metadata_key = "__metadata__";

  bool enter(Place place) {
    place_ = place;
    return true;
  }
  bool fail(std::string what) {
    problem = std::move(what);
    return false;
  }
  bool misplaced(const std::string& what) {
    std::string where = "at its beginning";
    if (place_ == Place::name || place_ == Place::metadata_value) where = "at " + quoted_name(key_);
    if (place_ == Place::type || place_ == Place::shape || place_ == Place::offsets) {
      where = "in " + of_entry() +
              (place_ == Place::type    ? "at dtype"
               : place_ == Place::shape ? "at shape"
                                        : "at data_offsets");
    }
    return fail("the header has " + what + " where it must not be, " + where);
  }
  std::string of_entry() const { return "tensor " + quoted_name(entries.back().name) + " "; }

  Place place_ = Place::outside;
  bool in_array_ = false;
  std::string key_;
  std::set<std::string> names_;
};

/// The entry with its shape and size checked; offset still from the beginning of the values.
SafetensorsEntry checked(const RawEntry& raw, std::uint64_t data_bytes, const std::string& file) {
  const auto fail = [&](const std::string& what) {
    throw Error(file + ": tensor " + quoted_name(raw.name) + " " + what);
  };
  SafetensorsEntry entry{.name = raw.name, .type = *raw.type, .shape = {}};
  const auto type = std::find_if(type_sizes.begin(), type_sizes.end(),
                                 [&](const TypeSize& size) { return size.name == entry.type; });
  if (type == type_sizes.end()) fail("has an unknown dtype " + quoted_name(entry.type));
  std::vector<std::int64_t> extents;
  std::uint64_t bytes = type->bytes;
  bool none = false;
  bool too_large = false;
  for (const std::uint64_t extent : *raw.shape) {
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    too_large |= extent > largest || (extent != 0 && __builtin_mul_overflow(bytes, extent, &bytes));
    none |= extent == 0;
    extents.push_back(static_cast<std::int64_t>(std::min(extent, largest)));
  }
  if (too_large) fail("has a shape that no file can hold");
  entry.shape = Shape(extents);
  entry.bytes = none ? 0 : bytes;
  const std::uint64_t begin = (*raw.offsets)[0];
  const std::uint64_t end = (*raw.offsets)[1];
  if (begin > end || end > data_bytes) {
    fail("has data_offsets " + std::to_string(begin) + ", " + std::to_string(end) + ", but there are " +
         std::to_string(data_bytes) + " bytes of values; is the file cut off?");
  }
  if (end - begin != entry.bytes) {
    fail("has " + std::to_string(end - begin) + " bytes, but " + entry.type + " of shape " +
         entry.shape.to_string() + " takes " + std::to_string(entry.bytes));
  }
  entry.offset = begin;
  return entry;
}

}  // namespace

std::string SafetensorsEntry::label() const {
  return "tensor " + quoted_name(name);
}

SafetensorsIndex parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                          const std::string& file) {
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(header.begin(), header.end(), &reader))
    throw Error(file + ": " + reader.problem);
  const std::uint64_t data_begin = 8 + header.size();
  const std::uint64_t data_bytes = file_bytes - std::min(file_bytes, data_begin);
  SafetensorsIndex index;
  index.metadata = std::move(reader.metadata);
  for (const RawEntry& raw : reader.entries) index.entries.push_back(checked(raw, data_bytes, file));
  std::sort(index.entries.begin(), index.entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.offset, a.bytes) < std::pair(b.offset, b.bytes);
  });
  std::uint64_t expected = 0;
  for (SafetensorsEntry& entry : index.entries) {
    if (entry.offset != expected) {
      throw Error(file + ": " + entry.label() +
                  (entry.offset < expected ? " overlaps another one" : " has a gap in front of it"));
    }
    expected += entry.bytes;
    entry.offset += data_begin;
  }
  if (expected != data_bytes) {
    throw Error(file + ": " + std::to_string(data_bytes - expected) +
                " bytes at the end belong to no tensor");
  }
  return index;
}

}  // namespace edge
