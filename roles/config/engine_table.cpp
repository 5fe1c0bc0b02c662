#include "roles/config/engine_table.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge {

EngineConfig read_engine(const TomlReader& reader) {
  EngineConfig engine;
  const auto keep = reader.numbers_or_name("keep");
  if (!keep) return engine;
  const auto* const name = std::get_if<std::string>(&*keep);
  const auto* const numbers = std::get_if<std::vector<double>>(&*keep);
  const std::string found = name != nullptr ? in_quotes(*name) : fmt::format("{}", fmt::join(*numbers, ", "));
  if (name != nullptr && *name == "auto") return engine;
  if (numbers == nullptr || numbers->size() != 1 ||
      !(numbers->front() >= 0 && numbers->front() <= most_keep_mb)) {
    throw Error(fmt::format("{}: expected \"auto\" or megabytes from 0 to {}, found {}", reader.where("keep"),
                            most_keep_mb, found));
  }
  engine.keep_bytes = static_cast<std::uint64_t>(numbers->front() * (1 << 20));
  return engine;
}

}  // namespace edge
