// Whole numbers from outside. Thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "net/message.h"

namespace edge::net {

/// json::get() would cast whatever number it is, and 2^32 + 7 to 7. Throws ConnectionLost for what is no
/// whole number, or does not fit.
template <typename Integer>
Integer whole_number(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  throw ConnectionLost("it sent a number that is not whole, or too large");
}

template <typename Integer>
std::vector<Integer> whole_numbers(const nlohmann::json& value) {
  std::vector<Integer> numbers;
  for (const nlohmann::json& entry : value.get_ref<const nlohmann::json::array_t&>()) {
    numbers.push_back(whole_number<Integer>(entry));
  }
  return numbers;
}

}  // namespace edge::net
