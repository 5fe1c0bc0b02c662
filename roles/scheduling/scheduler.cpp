// The table of schedulers. A new one is a file with a factory, declared in schedulers.h, and a line here.
#include "roles/scheduling/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Scheduler> (*make)(const SchedulerOptions&);
  bool predicts;
};

constexpr std::array<Entry, 5> entries{{
    {"data_aware", make_data_aware, true},
    {"neighborhood_search", make_neighborhood_search, true},
    {"load_balance", make_load_balance, false},
    {"one_side", make_one_side, false},
    {"fixed", make_fixed, false},
}};

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options) {
  for (const Entry& entry : entries) {
    if (name == entry.name) {
      return entry.make(options);
    }
  }
  throw Error(fmt::format("unknown scheduler '{}'; known: {}", name, fmt::join(scheduler_names(), ", ")));
}

std::vector<std::string> scheduler_names() {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) {
    names.emplace_back(entry.name);
  }
  return names;
}

bool needs_predictions(const std::string& name) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return name == entry.name && entry.predicts; });
}

}  // namespace edge::scheduling
