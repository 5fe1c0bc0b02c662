#include "roles/plan/what_if.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "engine/error.h"
#include "roles/config/quote.h"

namespace edge::plan {
namespace {

constexpr double least = 1e-6;
constexpr double most = 1e15;

struct Change {
  std::size_t worker = 0;
  double value = 0;
};

/// "WORKER=VALUE", with `unit` behind it or not.
Change parse(const std::string& text, const char* option, const char* example, std::string_view unit,
             const scheduling::Costs& costs) {
  const auto wrong = [&](const std::string& what) {
    return Error(fmt::format("{} {}: {}; write {} {}", option, printable(text, 60), what, option, example));
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw wrong("has no '='");
  Change change;
  const char* const end_of_worker = text.data() + equals;
  const auto worker = std::from_chars(text.data(), end_of_worker, change.worker);
  if (worker.ec != std::errc() || worker.ptr != end_of_worker)
    throw wrong("does not begin with a worker's number");
  const auto workers = static_cast<std::size_t>(costs.workers());
  if (change.worker >= workers) {
    throw Error(fmt::format("{} {}: there is no worker {}: the costs are of {} (0 to {})", option,
                            printable(text, 60), change.worker, workers, workers - 1));
  }
  std::string_view number = std::string_view(text).substr(equals + 1);
  if (!unit.empty() && number.ends_with(unit)) number.remove_suffix(unit.size());
  const auto value = std::from_chars(number.data(), number.data() + number.size(), change.value);
  if (value.ec != std::errc() || value.ptr != number.data() + number.size() ||
      !(change.value >= least && change.value <= most)) {
    throw wrong("has no number above 0 behind '='");
  }
  return change;
}

}  // namespace

void make_faster(scheduling::Costs& costs, const std::string& text) {
  const auto [worker, factor] = parse(text, "--faster", "1=2x", "x", costs);
  if (!costs.worker_layer_cost.empty()) {
    for (double& cost : costs.worker_layer_cost[worker]) cost /= factor;
  }
  if (worker != 0) {
    costs.capacity[worker] *= factor;
    return;
  }
  // Costs are stated on worker 0, and speeds relative to it.
  for (double& cost : costs.layer_cost) cost /= factor;
  for (std::size_t other = 1; other < costs.capacity.size(); ++other) costs.capacity[other] /= factor;
}

void set_link(scheduling::Costs& costs, const std::string& text) {
  const auto [worker, bytes_per_s] = parse(text, "--link", "0=12.5e6", "", costs);
  costs.bandwidth[worker] = bytes_per_s;
}

}  // namespace edge::plan
