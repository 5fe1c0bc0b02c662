// The accessors of Pickle; pickle_machine.cpp reads.
#include "engine/pickle.h"

namespace edge {

std::span<const PickleIndex> Pickle::items(PickleIndex value) const {
  const auto* const items = std::get_if<std::vector<PickleIndex>>(&values_[value].content);
  return items == nullptr ? std::span<const PickleIndex>{} : *items;
}

std::optional<std::int64_t> Pickle::integer(PickleIndex value) const {
  if (kind(value) != PickleKind::integer) return {};
  return std::get<std::int64_t>(values_[value].content);
}

std::optional<bool> Pickle::boolean(PickleIndex value) const {
  if (kind(value) != PickleKind::boolean) return {};
  return std::get<std::int64_t>(values_[value].content) != 0;
}

std::optional<std::string_view> Pickle::text(PickleIndex value) const {
  if (kind(value) != PickleKind::text) return {};
  return std::get<std::string_view>(values_[value].content);
}

std::optional<std::string_view> Pickle::long_integer(PickleIndex value) const {
  if (kind(value) != PickleKind::long_integer) return {};
  return std::get<std::string_view>(values_[value].content);
}

std::optional<std::size_t> Pickle::global(PickleIndex value) const {
  if (kind(value) != PickleKind::global) return {};
  const std::int64_t index = std::get<std::int64_t>(values_[value].content);
  if (index < 0) return {};  // OrderedDict itself, which is not one of the caller's
  return static_cast<std::size_t>(index);
}

std::optional<std::string_view> Pickle::other_global(PickleIndex value) const {
  if (kind(value) != PickleKind::other_global) return {};
  return other_globals_[static_cast<std::size_t>(std::get<std::int64_t>(values_[value].content))];
}

std::optional<PickleIndex> Pickle::find(PickleIndex dictionary, std::string_view key) const {
  if (kind(dictionary) != PickleKind::dictionary) return {};
  const std::span<const PickleIndex> entries = items(dictionary);
  for (std::size_t i = entries.size(); i >= 2; i -= 2) {
    if (text(entries[i - 2]) == key) return entries[i - 1];
  }
  return {};
}

}  // namespace edge
