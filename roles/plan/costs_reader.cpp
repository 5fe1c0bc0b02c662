#include "roles/plan/costs_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge::plan {

void CostsReader::fail(const std::string& where, const std::string& what) const {
  throw Error(fmt::format("{}: {}: {}", printable(file_.string(), 200), where, what));
}

const Json& CostsReader::array(const char* key, const char* meaning) const {
  if (!has(key)) fail(key, fmt::format("is missing; needed are {}", meaning));
  return array(object_.at(key), key);
}

const Json& CostsReader::array(const Json& value, const std::string& where) const {
  if (!value.is_array()) fail(where, fmt::format("must be an array, not {}", shown(value)));
  return value;
}

std::vector<double> CostsReader::numbers(const Json& value, const std::string& where, double low) const {
  std::vector<double> result;
  result.reserve(array(value, where).size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double number = value[i].is_number() ? value[i].get<double>() : std::nan("");
    if (!(number >= low && number <= largest)) {
      const char* const range = low > 0 ? " above 0" : low == 0 ? " from 0 on" : "";
      fail(fmt::format("{}[{}]", where, i),
           fmt::format("must be a number{}, not {}", range, shown(value[i])));
    }
    result.push_back(number);
  }
  return result;
}

std::vector<LayerIndex> CostsReader::layers(const Json& value, const std::string& where,
                                            std::size_t end) const {
  std::vector<LayerIndex> result;
  for (std::size_t i = 0; i < array(value, where).size(); ++i) {
    const bool fits = value[i].is_number_unsigned() && value[i].get<std::uint64_t>() < end;
    if (!fits) {
      fail(fmt::format("{}[{}]", where, i),
           fmt::format("must be a layer, 0 to {}, not {}", end - 1, shown(value[i])));
    }
    result.push_back(value[i].get<LayerIndex>());
  }
  return result;
}

std::pair<LayerIndex, LayerIndex> CostsReader::range(const Json& value, const std::string& where,
                                                     std::size_t layers_in_all) const {
  const std::vector<LayerIndex> range = layers(value, where, layers_in_all);
  if (range.size() != 2 || range[0] < 1 || range[0] > range[1]) {
    fail(where, "must be [first, last] layer, from 1 on");
  }
  return {range[0], range[1] + 1};
}

void CostsReader::check_size(std::size_t size, std::size_t expected, const std::string& where,
                             const char* of) const {
  if (size != expected) {
    fail(where, fmt::format("has {} entries, but must have {}, one per {}", size, expected, of));
  }
}

std::string CostsReader::shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}

}  // namespace edge::plan
