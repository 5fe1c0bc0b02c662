#include "roles/config/engine_table.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {

EngineConfig read_engine(const TomlReader& reader) {
  EngineConfig engine;
  const std::string expected = fmt::format("\"auto\" or megabytes from 0 to {}", most_keep_mb);
  const auto keep = reader.numbers_or_name("keep", expected);
  if (!keep) return engine;
  const auto* const name = std::get_if<std::string>(&*keep);
  const auto* const numbers = std::get_if<std::vector<double>>(&*keep);
  const std::string found = name != nullptr ? in_quotes(*name) : fmt::format("{}", fmt::join(*numbers, ", "));
  if (name != nullptr && *name == "auto") return engine;
  if (numbers == nullptr || numbers->size() != 1 ||
      !(numbers->front() >= 0 && numbers->front() <= most_keep_mb)) {
    throw Error(fmt::format("{}: expected {}, found {}", reader.where("keep"), expected, found));
  }
  engine.keep_bytes = static_cast<std::uint64_t>(numbers->front() * (1 << 20));
  return engine;
}

}  // namespace edge
