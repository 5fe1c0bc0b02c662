// All keys of config.toml, and the nearest known one for a key that is not.
#include "roles/config/known_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace edge {
namespace {

constexpr auto all_keys = std::to_array<KnownKey>({
    {"", "threads"},
    {"", "check"},
    {"", "log_level"},
    {"", "cache_directory"},
    {"model", "name"},
    {"model", "features_only"},
    {"model", "weights"},
    {"model", "labels"},
    {"model", "seed"},
    {"model", "fit"},
    {"model", "pad"},
    {"model", "channels"},
    {"model", "pixel_range"},
    {"model", "mean"},
    {"model", "std"},
    {"model", "normalize"},
    {"model", "transform_input"},
    {"model", "frame_size"},
    {"workers", "address"},
    {"workers", "listen"},
    {"workers", "threads"},
    {"workers", "bandwidth"},
    {"trainer", "address"},
    {"trainer", "listen"},
    {"trainer", "frames"},
    {"trainer", "source"},
    {"trainer", "wait_s"},
    {"video", "source"},
    {"video", "frames"},
    {"video", "realtime"},
    {"video", "loop"},
    {"video", "rtsp_transport"},
    {"video", "deadband"},
    {"video", "gate"},
    {"video", "refresh"},
    {"schedule", "scheduler"},
    {"schedule", "side"},
    {"schedule", "plan"},
    {"schedule", "plans"},
    {"schedule", "group_size"},
    {"schedule", "pending"},
    {"schedule", "wait_for"},
    {"detection", "decoder"},
    {"detection", "threshold"},
    {"detection", "nms"},
    {"detection", "classes"},
    {"detection", "labels"},
    {"output", "file"},
    {"output", "result"},
    {"output", "top_k"},
    {"net", "mode"},
    {"net", "compress"},
    {"net", "values"},
    {"net", "heartbeat_s"},
    {"net", "timeout_s"},
    {"net", "secret_file"},
    {"net", "insecure"},
    {"engine", "keep"},
});

constexpr std::array<std::string_view, 9> all_tables{"model",     "workers", "trainer", "video", "schedule",
                                                     "detection", "output",  "net",     "engine"};

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other, letter case
/// aside (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> table((a.size() + 1) * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return table[i * columns + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const std::size_t replace = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      std::size_t best = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + replace});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        best = std::min(best, at(i - 2, j - 2) + 1);
      }
      at(i, j) = best;
    }
  }
  return table.back();
}

std::vector<std::string_view> names_in(std::string_view table) {
  std::vector<std::string_view> names;
  for (const KnownKey& known : known_keys()) {
    if (known.table == table) {
      names.push_back(known.key);
    }
  }
  if (table.empty()) {
    names.insert(names.end(), all_tables.begin(), all_tables.end());
  }
  return names;
}

}  // namespace

std::span<const KnownKey> known_keys() {
  return all_keys;
}

std::span<const std::string_view> known_tables() {
  return all_tables;
}

bool is_known_key(std::string_view table, std::string_view key) {
  return std::any_of(all_keys.begin(), all_keys.end(),
                     [&](const KnownKey& known) { return known.table == table && known.key == key; });
}

std::string_view nearest_name(std::string_view text, std::span<const std::string_view> names) {
  if (text.size() > 64) {
    return {};
  }
  std::string_view best;
  std::size_t best_distance = 1 + text.size() / 4;  // farther away it is another word
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(text, name);
    if (distance < best_distance || (distance == best_distance && best.empty())) {
      best = name;
      best_distance = distance;
    }
  }
  return best_distance < text.size() ? best : std::string_view{};
}

std::string key_advice(std::string_view table, std::string_view key) {
  const std::vector<std::string_view> here = names_in(table);
  for (const KnownKey& known : known_keys()) {
    if (known.key == key && known.table != table) {
      return known.table.empty() ? "it belongs in front of the first [table]"
                                 : fmt::format("it belongs in [{}]", known.table);
    }
  }
  if (const std::string_view name = nearest_name(key, here); !name.empty()) {
    return fmt::format("did you mean '{}'?", name);
  }
  return fmt::format("known here: {}", fmt::join(here, ", "));
}

}  // namespace edge
