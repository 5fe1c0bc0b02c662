#include "roles/config/schedule_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/scheduling/plan.h"
#include "roles/scheduling/scheduler.h"

namespace edge {
namespace {

constexpr std::size_t max_plans = 1000;
constexpr std::int64_t max_layer = 1'000'000;

std::vector<scheduling::LayerRange> read_plan(const TomlReader& reader, const toml::array& ranges,
                                              const std::string& path, std::size_t workers) {
  const std::string_view expected = "[first, last], or [] for no layers";
  std::vector<scheduling::LayerRange> plan;
  for (std::size_t worker = 0; worker < ranges.size(); ++worker) {
    const std::string range_path = fmt::format("{}[{}]", path, worker);
    const toml::array& range = reader.as_array(ranges[worker], range_path, expected);
    if (range.empty()) {
      plan.emplace_back();
    } else if (range.size() == 2) {
      plan.emplace_back(std::pair{static_cast<int>(reader.integer(range[0], range_path, 1, max_layer)),
                                  static_cast<int>(reader.integer(range[1], range_path, 1, max_layer))});
    } else {
      throw Error(fmt::format("{}: expected {}, found {} values", reader.where(range, range_path), expected,
                              range.size()));
    }
  }
  scheduling::check_ranges(plan, static_cast<int>(workers), reader.where(ranges, path));
  return plan;
}

void read_plans(const TomlReader& reader, std::size_t workers, ScheduleConfig& schedule) {
  const std::string_view expected = "one [first, last] per worker, for example [[1, 6], [7, 13]]";
  const toml::array* plan = reader.array("plan", expected);
  const toml::array* plans = reader.array("plans", "an array of plans");
  if (plan != nullptr && plans != nullptr) {
    throw Error(fmt::format("{}: give either plan or plans, not both", reader.where("plans")));
  }
  if (plan != nullptr) {
    schedule.plans.push_back(read_plan(reader, *plan, reader.path("plan"), workers));
  }
  if (plans != nullptr) {
    if (plans->size() > max_plans) {
      throw Error(fmt::format("{}: {} plans; at most {} are allowed", reader.where("plans"), plans->size(),
                              max_plans));
    }
    for (std::size_t i = 0; i < plans->size(); ++i) {
      const std::string path = reader.path(fmt::format("plans[{}]", i));
      schedule.plans.push_back(
          read_plan(reader, reader.as_array((*plans)[i], path, expected), path, workers));
    }
  }
  if (schedule.scheduler == "fixed" && schedule.plans.empty()) {
    throw Error(
        fmt::format("{}: 'fixed' needs a plan; add plan = [[1, 6], [7, 13]] or plans = [...] to [schedule]",
                    reader.where("scheduler")));
  }
}

}  // namespace

namespace {

/// "all", which is 0, or how many.
int read_wait_for(const TomlReader& reader, std::size_t workers) {
  const std::string expected =
      fmt::format("\"all\" or a number from 1 to {}, the workers that there are", workers);
  const auto value = reader.numbers_or_name("wait_for", expected);
  if (!value) return 0;
  const auto* const name = std::get_if<std::string>(&*value);
  if (name != nullptr && *name == "all") return 0;
  const auto* const numbers = std::get_if<std::vector<double>>(&*value);
  if (numbers != nullptr && numbers->size() == 1) {
    for (std::size_t count = 1; count <= workers; ++count) {
      if (numbers->front() == static_cast<double>(count)) return static_cast<int>(count);
    }
  }
  const std::string found = name != nullptr ? in_quotes(*name) : fmt::format("{}", fmt::join(*numbers, ", "));
  throw Error(fmt::format("{}: expected {}, found {}", reader.where("wait_for"), expected, found));
}

}  // namespace

ScheduleConfig read_schedule(const TomlReader& reader, std::size_t workers) {
  ScheduleConfig schedule;
  reader.read_choice("scheduler", schedule.scheduler, scheduling::scheduler_names());
  reader.read_choice("side", schedule.side, {"edge", "cloud"});
  reader.read_integer("group_size", schedule.group_size, 1, 1000);
  reader.read_integer("pending", schedule.pending, 1, 64);
  schedule.wait_for = read_wait_for(reader, workers);
  read_plans(reader, workers, schedule);
  return schedule;
}

}  // namespace edge
