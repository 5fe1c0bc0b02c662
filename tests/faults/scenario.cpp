#include "tests/faults/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/faults/dice.h"

namespace edge::faults {
namespace {

std::vector<Hop> hops_of(const Scenario& scenario) {
  std::vector<Hop> hops{{.caller = master, .callee = 0, .purpose = Purpose::link}};
  for (int worker = 0; worker < scenario.workers; ++worker) {
    hops.push_back({.caller = master, .callee = worker, .purpose = Purpose::control});
    if (worker > 0) hops.push_back({.caller = worker - 1, .callee = worker, .purpose = Purpose::link});
  }
  if (scenario.with_trainer) {
    hops.push_back({.caller = master, .callee = trainer, .purpose = Purpose::control});
  }
  return hops;
}

/// Whether nothing but the end of the run can come of it: no fault goes with it.
bool ends_the_run(const Fault& fault) {
  return fault.kind == Kind::disk_full || (fault.kind == Kind::wrong_model && fault.by_worker);
}

Fault make_fault(Dice& dice, const Scenario& scenario, Kind kind, Moment moment) {
  Fault fault{.kind = kind, .moment = moment, .hop = {}};
  fault.after = dice.between(0.15, 0.75);
  fault.delay_s = dice.between(0, moment == Moment::start || moment == Moment::learning ? 0.4 : 0.04);
  fault.process = dice.whole(0, scenario.workers - 1);
  fault.hop = dice.pick(hops_of(scenario));
  if (moment == Moment::learning && dice.chance(0.6)) fault.hop = hops_of(scenario).back();
  const bool forward = dice.chance(fault.hop.purpose == Purpose::control ? 0.3 : 0.75);
  fault.direction = forward ? Direction::forward : Direction::backward;
  fault.position = dice.share();
  // The first and the last bytes are worth more than one in a hundred thousand.
  if (dice.chance(0.3)) fault.position = dice.chance(0.5) ? 0 : 1;
  fault.bit = dice.whole(0, 7);
  fault.by_worker = dice.chance(0.5);
  fault.takes_port = dice.chance(0.4);
  const bool other_process = dice.chance(0.25);
  const double length = dice.share();
  switch (kind) {
    case Kind::kill_and_restart:
      fault.length_s = 1.5 * length;
      if (scenario.with_trainer && (other_process || moment == Moment::learning)) fault.process = trainer;
      break;
    case Kind::stop:
      fault.length_s = length < 0.5 ? 1 + 2 * length : 1 + 9 * length;
      if (other_process) fault.process = scenario.with_trainer ? trainer : master;
      break;
    case Kind::latency:
    case Kind::slow_line:
    case Kind::slices:
    case Kind::duplicate:
      fault.length_s = 0.5 + 2 * length;
      break;
    case Kind::wrong_secret:
    case Kind::wrong_model:
      fault.length_s = 1;
      break;
    case Kind::clock_jump: {
      if (other_process) fault.process = master;
      // What a hypervisor or a long sleep does to a steady clock; and the time of day of a device without a
      // battery, when it hears from a time server.
      fault.steady_jump_s = dice.between(0.1, 8);
      fault.calendar_jump_s = dice.chance(0.5) ? dice.between(-1e9, -1) : dice.between(1, 1e9);
      break;
    }
    case Kind::kill_for_good:
    case Kind::reset:
    case Kind::half_open:
    case Kind::cut:
    case Kind::flip_header:
    case Kind::flip_payload:
    case Kind::disk_full:
      break;
  }
  return fault;
}

std::optional<std::string> missing_for(const Fault& fault, const Abilities& abilities) {
  if (fault.kind == Kind::kill_for_good && !abilities.goes_on) {
    return "a worker that stays lost (no [schedule] wait_for: the chain would wait for it)";
  }
  if (fault.kind == Kind::wrong_secret && !abilities.tls) return "a wrong secret (no edge secret)";
  return std::nullopt;
}

/// Whether a worker is left if this one, too, is killed for good.
bool leaves_one(const Scenario& scenario, int victim) {
  std::set<int> victims{victim};
  for (const Fault& fault : scenario.faults) {
    if (fault.kind == Kind::kill_for_good) victims.insert(fault.process);
  }
  return static_cast<int>(victims.size()) < scenario.workers;
}

void add_chain(Dice& dice, Scenario& scenario) {
  scenario.workers = dice.chance(0.4) ? 3 : 2;
  scenario.network = dice.pick<std::string>({"toy_dag", "alexnet", "squeezenet1_1"});
  const double scheduler = dice.share();
  scenario.scheduler = scheduler < 0.6 ? "fixed" : scheduler < 0.75 ? "load_balance" : "data_aware";
  const int plans = dice.whole(1, 4);
  for (int plan = 0; plan < plans; ++plan) {
    std::vector<double>& cuts = scenario.cuts.emplace_back();
    for (int worker = 1; worker < scenario.workers; ++worker) {
      // Now and then a worker has nothing to do.
      const bool idle = dice.chance(0.15);
      const double cut = dice.share();
      cuts.push_back(idle ? (cut < 0.5 ? 0.0 : 1.0) : cut);
    }
    std::sort(cuts.begin(), cuts.end());
  }
  scenario.mode = dice.chance(0.75) ? "delta" : "full";
  scenario.compress = dice.chance(0.5);
  scenario.default_times = dice.chance(0.15);
  scenario.fresh_profiles = dice.chance(0.15);
  scenario.with_trainer = dice.chance(0.2);
  scenario.gate = dice.chance(0.3) ? 4 : 0;
  scenario.frames = dice.whole(40, 80);
  scenario.frames_per_s = dice.pick<double>({15, 20, 30});
  scenario.pending = dice.pick<int>({1, 3, 3, 5});
}

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kill_and_restart:
      return "kill and restart";
    case Kind::kill_for_good:
      return "kill for good";
    case Kind::stop:
      return "stop";
    case Kind::reset:
      return "reset";
    case Kind::half_open:
      return "half-open";
    case Kind::latency:
      return "latency";
    case Kind::slow_line:
      return "slow line";
    case Kind::slices:
      return "slices";
    case Kind::cut:
      return "cut";
    case Kind::flip_header:
      return "flipped bit in a header";
    case Kind::flip_payload:
      return "flipped bit in a payload";
    case Kind::wrong_secret:
      return "wrong secret";
    case Kind::wrong_model:
      return "wrong model";
    case Kind::duplicate:
      return "duplicate";
    case Kind::disk_full:
      return "disk full";
    case Kind::clock_jump:
      return "clock jump";
  }
  return "?";
}

const char* name_of(Moment moment) {
  switch (moment) {
    case Moment::start:
      return "at the start";
    case Moment::learning:
      return "while the trainer learns";
    case Moment::planning:
      return "while planning";
    case Moment::mid_frame:
      return "mid-frame";
    case Moment::idle:
      return "idle";
    case Moment::end:
      return "at the end";
  }
  return "?";
}

std::string name_of_process(int process) {
  return process == master    ? "master"
         : process == trainer ? "trainer"
         : process >= 0       ? fmt::format("worker {}", process)
                              : "?";
}

std::string name_of(const Hop& hop) {
  const char* const purpose = hop.purpose == Purpose::control ? "control" : "link";
  return fmt::format("{} -> {} {}", name_of_process(hop.caller), name_of_process(hop.callee), purpose);
}

Scenario make_scenario(std::uint64_t seed, bool tls, const Abilities& abilities) {
  Dice dice(seed);
  Scenario scenario{.seed = seed,
                    .tls = tls,
                    .network = {},
                    .scheduler = {},
                    .cuts = {},
                    .mode = {},
                    .faults = {},
                    .left_out = {}};
  add_chain(dice, scenario);
  // 16 kinds in turn; every 16 seeds a kind comes with the next but four of the 6 moments: 96 seeds are all
  // pairs.
  const std::uint64_t number = seed - 1;
  const auto kind = static_cast<Kind>(number % kinds);
  const auto moment = static_cast<Moment>((number / kinds + number) % moments);
  const int others = dice.whole(0, 2);
  std::vector<std::pair<Kind, Moment>> drawn{{kind, moment}};
  for (int i = 0; i < others; ++i) {
    const auto other = static_cast<Kind>(dice.whole(0, kinds - 1));
    drawn.emplace_back(other, static_cast<Moment>(dice.whole(0, moments - 1)));
  }
  for (const auto& [drawn_kind, drawn_moment] : drawn) {
    if (drawn_moment == Moment::learning) scenario.with_trainer = true;
  }
  if (scenario.with_trainer) {  // it is asked for that only
    scenario.scheduler = "data_aware";
    scenario.mode = "delta";
  }
  for (const auto& [drawn_kind, drawn_moment] : drawn) {
    const Fault fault = make_fault(dice, scenario, drawn_kind, drawn_moment);
    if (const auto missing = missing_for(fault, abilities)) {
      scenario.left_out.push_back(*missing);
      continue;
    }
    if (fault.kind == Kind::kill_for_good && !leaves_one(scenario, fault.process)) continue;
    const bool first = scenario.faults.empty();
    if (!first && (ends_the_run(fault) || ends_the_run(scenario.faults.front()))) continue;
    scenario.faults.push_back(fault);
  }
  // Where all are needed to begin, one that is lost before that and stays so is waited for.
  const bool loses_one = std::any_of(scenario.faults.begin(), scenario.faults.end(),
                                     [](const Fault& fault) { return fault.kind == Kind::kill_for_good; });
  scenario.begins_with_one = abilities.goes_on && (dice.chance(0.3) || loses_one);
  return scenario;
}

std::string describe(const Fault& fault) {
  std::string text = name_of(fault.kind);
  switch (fault.kind) {
    case Kind::kill_and_restart:
      text = fmt::format("kill {}, back after {:.2f} s", name_of_process(fault.process), fault.length_s);
      break;
    case Kind::kill_for_good:
      text = fmt::format("kill {} for good", name_of_process(fault.process));
      break;
    case Kind::stop:
      text = fmt::format("stop {} for {:.1f} s", name_of_process(fault.process), fault.length_s);
      break;
    case Kind::reset:
    case Kind::half_open:
      text = fmt::format("{} on {}", text, name_of(fault.hop));
      break;
    case Kind::latency:
    case Kind::slow_line:
    case Kind::slices:
      text = fmt::format("{} on {} for {:.1f} s", text, name_of(fault.hop), fault.length_s);
      break;
    case Kind::cut:
    case Kind::flip_header:
    case Kind::flip_payload:
      text = fmt::format("{} at {:.3f} of it on {}, {}", text, fault.position, name_of(fault.hop),
                         fault.direction == Direction::forward ? "forward" : "backward");
      break;
    case Kind::wrong_secret:
      break;
    case Kind::wrong_model:
      text = fault.by_worker ? fmt::format("{} comes back with another model", name_of_process(fault.process))
                             : "a master with another model calls";
      break;
    case Kind::duplicate:
      text = fault.takes_port ? fmt::format("a second {} at the same port", name_of_process(fault.process))
                              : fmt::format("a second {} is found there in turn for {:.1f} s",
                                            name_of_process(fault.process), fault.length_s);
      break;
    case Kind::disk_full:
      break;
    case Kind::clock_jump:
      text = fmt::format("clocks of {} jump by {:.1f} s (steady) and {:.0f} s (calendar)",
                         name_of_process(fault.process), fault.steady_jump_s, fault.calendar_jump_s);
      break;
  }
  return fmt::format("{} {}", text, name_of(fault.moment));
}

std::string describe(const Scenario& scenario) {
  std::string text = fmt::format(
      "{} workers{}, {}, {}, mode {}{}, {} frames at {:.0f}/s, pending {}{}{}{}", scenario.workers,
      scenario.with_trainer ? " and a trainer" : "", scenario.network, scenario.scheduler, scenario.mode,
      scenario.compress ? " compressed" : "", scenario.frames, scenario.frames_per_s, scenario.pending,
      scenario.gate > 0 ? ", gate" : "", scenario.default_times ? ", default times" : "",
      scenario.fresh_profiles ? ", no profiles" : "");
  if (scenario.begins_with_one) text += ", begins with one";
  text += "\n  ";
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    text += (i == 0 ? "" : "; ") + describe(scenario.faults[i]);
  }
  for (const std::string& left_out : scenario.left_out) {
    text += (text.ends_with(' ') ? "left out: " : "; left out: ") + left_out;
  }
  return text;
}

}  // namespace edge::faults
