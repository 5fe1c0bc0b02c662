// edge_faults: chains of real processes under faults that seeds choose, or under endless ones (--soak).
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "tests/faults/fault_run.h"
#include "tests/faults/report.h"
#include "tests/faults/scenario.h"
#include "tests/faults/setup.h"
#include "tests/faults/soak.h"

namespace edge::faults {
namespace {

constexpr const char* help =
    R"(edge_faults: chains of real processes under faults that a seed chooses; exit status 1 if anything went wrong

  --seed N         only this one
  --first N        seeds from N on (1)
  --seeds N        so many (10)
  --tls, --plain   only with, only without TLS (both, where the program has it)
  --jobs N         runs at a time (2)
  --list           say what the seeds mean, run nothing
  --keep           keep the files of all runs, not only of those that went wrong
  --program FILE   edge

  --soak MINUTES   instead: one chain, one of whose workers is killed every 20 s
)";

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 10;
  bool tls = true;
  bool plain = true;
  int jobs = 2;
  bool list = false;
  bool keep = false;
  double soak_minutes = 0;
};

struct Planned {
  std::uint64_t seed = 0;
  bool tls = false;
};

double number_from(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    throw Error(fmt::format("'{}' is no number", text));
  }
  return number;
}

Options parse(std::deque<std::string> arguments, Setup& setup) {
  Options options;
  const auto value = [&] {
    if (arguments.empty()) throw Error("the last option needs a value");
    const std::string text = arguments.front();
    arguments.pop_front();
    return text;
  };
  while (!arguments.empty()) {
    const std::string option = value();
    if (option == "--seed") {
      options.first = static_cast<std::uint64_t>(number_from(value()));
      options.seeds = 1;
    } else if (option == "--first") {
      options.first = static_cast<std::uint64_t>(number_from(value()));
    } else if (option == "--seeds") {
      options.seeds = static_cast<std::uint64_t>(number_from(value()));
    } else if (option == "--jobs") {
      options.jobs = static_cast<int>(number_from(value()));
    } else if (option == "--soak") {
      options.soak_minutes = number_from(value());
    } else if (option == "--program") {
      setup.program = value();
    } else if (option == "--tls") {
      options.plain = false;
    } else if (option == "--plain") {
      options.tls = false;
    } else if (option == "--list") {
      options.list = true;
    } else if (option == "--keep") {
      options.keep = true;
    } else {
      throw Error(fmt::format("unknown option {}\n{}", option, help));
    }
  }
  if (options.first < 1) throw Error("seeds count from 1");
  return options;
}

std::string title(const Planned& planned) {
  return fmt::format("seed {}{}", planned.seed, planned.tls ? " with TLS" : "");
}

class Matrix {
 public:
  Matrix(const Setup& setup, const Options& options) : setup_(setup), options_(options), references_(setup) {
    for (const bool tls : {false, true}) {
      if (tls ? !options.tls || !setup.abilities.tls : !options.plain) continue;
      for (std::uint64_t i = 0; i < options.seeds; ++i)
        planned_.push_back({.seed = options.first + i, .tls = tls});
    }
  }

  int run() {
    if (!setup_.abilities.tls && options_.tls)
      fmt::print("no runs with TLS: this edge has no 'edge secret'\n");
    if (options_.list) {
      for (const Planned& planned : planned_) {
        fmt::print("{}: {}\n", title(planned),
                   describe(make_scenario(planned.seed, planned.tls, setup_.abilities)));
      }
      return 0;
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    fmt::print("{}", report_.text());
    return report_.all_right() && !broken_ && !planned_.empty() ? 0 : 1;
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < planned_.size() && !broken_; i = next_++) {
      try {
        run_one(planned_[i]);
      } catch (const std::exception& error) {
        broken_ = true;
        fmt::print(stderr, "{}: {}\n", title(planned_[i]), error.what());
      }
    }
  }

  void run_one(const Planned& planned) {
    const Scenario scenario = make_scenario(planned.seed, planned.tls, setup_.abilities);
    if (scenario.faults.empty()) {
      const std::lock_guard lock(mutex_);
      fmt::print("{}: not run: {}\n", title(planned), scenario.left_out.front());
      return report_.leave_out(scenario);
    }
    const auto directory =
        setup_.directory / fmt::format("seed-{}{}", planned.seed, planned.tls ? "-tls" : "");
    const Outcome outcome =
        run_scenario(setup_, scenario, references_.of(scenario.network, scenario.gate), directory);
    const std::lock_guard lock(mutex_);
    report_.add(scenario, outcome);
    std::string recovery;
    for (const double seconds : outcome.recoveries) recovery += fmt::format(", recovery {:.2f} s", seconds);
    for (const double seconds : outcome.recoveries_after_timeout) {
      recovery += fmt::format(", recovery after a time-out {:.2f} s", seconds);
    }
    fmt::print("{}: {}, {:.1f} s{}: {}\n", title(planned), outcome.right() ? "right" : "WRONG",
               outcome.seconds, recovery, describe(scenario));
    if (outcome.not_struck > 0) fmt::print("  {} of them found nothing to strike\n", outcome.not_struck);
    for (const std::string& mistake : outcome.mistakes) fmt::print("  {}\n", mistake);
    if (!outcome.right()) {
      fmt::print("  again: {} --seed {} {}\n  files: {}\n", setup_.itself, planned.seed,
                 planned.tls ? "--tls" : "--plain", directory.string());
    } else if (!options_.keep) {
      std::filesystem::remove_all(directory);
    }
    std::fflush(stdout);
  }

  const Setup& setup_;
  const Options& options_;
  References references_;
  std::vector<Planned> planned_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> broken_{false};
  std::mutex mutex_;
  Report report_;
};

int run(const std::vector<std::string>& arguments) {
#ifdef EDGE_SANITIZED
  ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);  // the library of clocks is loaded in front
#endif
  Setup setup{.program = EDGE_BINARY,
              .itself = arguments.front(),
              .directory = {},
              .clock_library = EDGE_CLOCK_LIBRARY,
#ifdef EDGE_SANITIZED
              .sanitized = true,
#endif
              .abilities = {}};
  const Options options = parse({arguments.begin() + 1, arguments.end()}, setup);
  std::signal(SIGPIPE, SIG_IGN);  // a master that ends does not read its video
  std::string directory = (std::filesystem::temp_directory_path() / "edge_faults_XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) throw Error("no directory for files");
  setup.directory = directory;
  setup.abilities = abilities_of(setup);
  if (setup.abilities.tls) {
    for (const char* name : {"right.secret", "other.secret"}) make_secret(setup, setup.directory / name);
  }
  const int status = options.soak_minutes > 0
                         ? soak(setup, options.soak_minutes, options.tls && setup.abilities.tls)
                         : Matrix(setup, options).run();
  if (status == 0 && !options.keep) std::filesystem::remove_all(setup.directory);
  return status;
}

}  // namespace
}  // namespace edge::faults

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (argc > 1 && (arguments[1] == "--help" || arguments[1] == "help")) {
    fmt::print("{}", edge::faults::help);
    return 0;
  }
  try {
    return edge::faults::run(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "edge_faults: {}\n", error.what());
    return 1;
  }
}
