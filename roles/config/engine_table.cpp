#include "roles/config/engine_table.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

std::optional<std::uint64_t> keep_of(double megabytes) {
  if (!(megabytes >= 0 && megabytes <= most_keep_mb)) return std::nullopt;
  return static_cast<std::uint64_t>(megabytes * (1 << 20));
}

std::string expected_keep() {
  return fmt::format("\"auto\" or megabytes from 0 to {}", most_keep_mb);
}

}  // namespace

std::optional<std::uint64_t> parse_keep(const std::string& text, const std::string& what) {
  if (text == "auto") return std::nullopt;
  double megabytes = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const std::optional<std::uint64_t> bytes = keep_of(is_number ? megabytes : -1);
  if (!bytes) {
    throw Error(fmt::format("{}: expected {}, found {}", what, expected_keep(), in_quotes(text)));
  }
  return bytes;
}

EngineConfig read_engine(const TomlReader& reader) {
  EngineConfig engine;
  const std::string expected = expected_keep();
  const auto keep = reader.numbers_or_name("keep", expected);
  if (!keep) return engine;
  const auto* const name = std::get_if<std::string>(&*keep);
  const auto* const numbers = std::get_if<std::vector<double>>(&*keep);
  const std::string found = name != nullptr ? in_quotes(*name) : fmt::format("{}", fmt::join(*numbers, ", "));
  if (name != nullptr && *name == "auto") return engine;
  if (numbers != nullptr && numbers->size() == 1) engine.keep_bytes = keep_of(numbers->front());
  if (!engine.keep_bytes) {
    throw Error(fmt::format("{}: expected {}, found {}", reader.where("keep"), expected, found));
  }
  return engine;
}

}  // namespace edge
