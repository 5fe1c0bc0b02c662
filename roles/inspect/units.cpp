// Numbers for people.
#include "roles/inspect/units.h"

#include <fmt/format.h>

namespace edge::inspect {
namespace {

/// "1.23 M" and its like, followed by `unit`.
std::string scaled(std::int64_t count, const std::string& unit) {
  constexpr double rounds_up = 999.5;
  if (count < 1000) return fmt::format("{}{}{}", count, unit.empty() ? "" : " ", unit);
  auto value = static_cast<double>(count);
  const char* prefix = "";
  for (const char* larger : {"k", "M", "G", "T", "P"}) {
    if (value < rounds_up) break;
    value /= 1000;
    prefix = larger;
  }
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}{}", value, digits, prefix, unit);
}

}  // namespace

std::string count_text(std::int64_t count) {
  return scaled(count, "");
}

std::string byte_text(std::int64_t bytes) {
  return scaled(bytes, "B");
}

std::string plural(std::int64_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace edge::inspect
