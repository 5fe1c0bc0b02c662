#include "tests/faults/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace edge::faults {
namespace {

std::string median_and_worst(std::vector<double> seconds) {
  if (seconds.empty()) return "none";
  std::sort(seconds.begin(), seconds.end());
  return fmt::format("median {:.2f} s, worst {:.2f} s ({} times)", seconds[seconds.size() / 2],
                     seconds.back(), seconds.size());
}

}  // namespace

void Report::add(const Scenario& scenario, const Outcome& outcome) {
  ++runs_;
  if (scenario.tls) ++runs_with_tls_;
  if (!outcome.right()) ++wrong_runs_;
  lost_ += outcome.lost;
  doubled_ += outcome.doubled;
  wrong_ += outcome.wrong;
  hangs_ += outcome.hung ? 1 : 0;
  orphans_ += outcome.orphans;
  not_struck_ += outcome.not_struck;
  most_growth_mb_ = std::max(most_growth_mb_, outcome.most_growth_mb);
  recoveries_.insert(recoveries_.end(), outcome.recoveries.begin(), outcome.recoveries.end());
  recoveries_after_timeout_.insert(recoveries_after_timeout_.end(), outcome.recoveries_after_timeout.begin(),
                                   outcome.recoveries_after_timeout.end());
  for (const Fault& fault : scenario.faults) ++struck_[fault.kind][fault.moment];
  for (const std::string& left_out : scenario.left_out) ++left_out_[left_out];
}

void Report::leave_out(const Scenario& scenario) {
  ++left_out_runs_;
  for (const std::string& left_out : scenario.left_out) ++left_out_[left_out];
}

std::string Report::text() const {
  std::string text = fmt::format("{:26}", "faults");
  for (int moment = 0; moment < moments; ++moment) {
    text += fmt::format(" {:>24}", name_of(static_cast<Moment>(moment)));
  }
  for (const auto& [kind, by_moment] : struck_) {
    text += fmt::format("\n{:26}", name_of(kind));
    for (int moment = 0; moment < moments; ++moment) {
      const auto count = by_moment.find(static_cast<Moment>(moment));
      text += fmt::format(" {:>24}", count == by_moment.end() ? 0 : count->second);
    }
  }
  for (const auto& [what, count] : left_out_) text += fmt::format("\nleft out {} times: {}", count, what);
  if (left_out_runs_ > 0) text += fmt::format("\n{} seeds had no other fault: not run", left_out_runs_);
  text += fmt::format(
      "\nrecovery where a time-out has to pass: {}; memory beyond that without faults: {:.0f} MB at most; "
      "{} faults found nothing to strike",
      median_and_worst(recoveries_after_timeout_), most_growth_mb_, not_struck_);
  text += fmt::format(
      "\n{} runs ({} with TLS), {} not right: {} frames lost, {} doubled, {} wrong, {} hangs, {} orphans; "
      "recovery {}\n",
      runs_, runs_with_tls_, wrong_runs_, lost_, doubled_, wrong_, hangs_, orphans_,
      median_and_worst(recoveries_));
  return text;
}

}  // namespace edge::faults
