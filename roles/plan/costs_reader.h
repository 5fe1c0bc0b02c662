// Typed, checked access to a costs file. Internal to roles/plan; one thread. Every function throws Error with
// one line: file, key, what is wrong, what is expected.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/layer.h"
#include "roles/plan/json_input.h"

namespace edge::plan {

class CostsReader {
 public:
  static constexpr double largest = 1e18;  ///< that numbers may be

  /// Keeps references.
  CostsReader(const Json& object, const std::filesystem::path& file) : object_(object), file_(file) {}

  bool has(const char* key) const { return object_.contains(key); }
  [[noreturn]] void fail(const std::string& where, const std::string& what) const;

  const Json& array(const char* key, const char* meaning) const;
  const Json& array(const Json& value, const std::string& where) const;
  /// Numbers from `low` on.
  std::vector<double> numbers(const Json& value, const std::string& where, double low) const;
  /// Layers in front of `end`.
  std::vector<LayerIndex> layers(const Json& value, const std::string& where, std::size_t end) const;
  /// [first, last] of `layers` layers, without the input, as a half-open range.
  std::pair<LayerIndex, LayerIndex> range(const Json& value, const std::string& where,
                                          std::size_t layers) const;
  /// One entry per worker, layer and so on.
  void check_size(std::size_t size, std::size_t expected, const std::string& where, const char* of) const;

  /// The value in a message.
  static std::string shown(const Json& value);
  const Json& object() const { return object_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  const Json& object_;
  const std::filesystem::path& file_;
};

}  // namespace edge::plan
