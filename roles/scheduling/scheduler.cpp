// The table of schedulers. A new one is a file with a factory, declared in schedulers.h, and a line here.
#include "roles/scheduling/scheduler.h"

#include <fmt/format.h>

#include <array>

#include "engine/error.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Scheduler> (*make)(const SchedulerOptions&);
};

constexpr std::array<Entry, 5> entries{{
    {"data_aware", make_data_aware},
    {"neighborhood_search", make_neighborhood_search},
    {"load_balance", make_load_balance},
    {"one_side", make_one_side},
    {"fixed", make_fixed},
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

}  // namespace edge::scheduling
