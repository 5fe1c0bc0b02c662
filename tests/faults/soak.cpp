#include "tests/faults/soak.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "tests/faults/chain_processes.h"
#include "tests/faults/dice.h"
#include "tests/faults/results.h"
#include "tests/faults/trend.h"
#include "tests/faults/video_feeder.h"

namespace edge::faults {
namespace {

using std::chrono::steady_clock;
using TimePoint = steady_clock::time_point;

constexpr int soak_workers = 3;
constexpr int witness = 1;
constexpr double soak_frames_per_s = 12;
constexpr auto kill_every = std::chrono::seconds(20);
constexpr auto down_for = std::chrono::milliseconds(500);
constexpr auto sample_every = std::chrono::seconds(5);
constexpr double warm_up_s = 300;
constexpr double shortest_judged_s = 600;
constexpr double most_growth_per_hour = 0.01;

class Soak {
 public:
  Soak(const Setup& setup, double minutes, bool tls)
      : setup_(setup),
        length_s_(60 * minutes),
        marker_(fmt::format("EDGE_FAULTS_RUN={}-soak", getpid())),
        scenario_({.tls = tls,
                   .workers = soak_workers,
                   .network = "squeezenet1_1",
                   // A plan that follows the devices has a worker take more memory for some layers than for
                   // others: steps that come and go, and hide what grows.
                   .scheduler = "fixed",
                   .cuts = {{0.3, 0.6}},
                   .mode = "delta",
                   .faults = {},
                   .left_out = {}}),
        reference_(References(setup).of(scenario_.network, scenario_.gate)),
        chain_(setup, setup.directory / "soak", table_, marker_) {}

  int run() {
    start();
    TimePoint sampled;
    TimePoint told = began_;
    TimePoint kill_at = began_ + kill_every;
    TimePoint restart_at = TimePoint::max();
    while (since(began_) < length_s_ && chain_.playing(master) != nullptr) {
      const TimePoint now = steady_clock::now();
      results_->read();
      feeder_->feed(now);
      if (now >= kill_at) {
        kill_at += kill_every;
        victim_ = dice_.chance(0.5) ? 0 : soak_workers - 1;
        chain_.kill(*chain_.playing(victim_));
        killed_.push_back(now);
        restart_at = now + down_for;
      }
      if (now >= restart_at) {
        start_worker(victim_);
        restarted_.push_back(now);
        restart_at = TimePoint::max();
      }
      if (now - sampled > sample_every) {
        sampled = now;
        sample();
      }
      if (since(told) > warm_up_s) {
        told = now;
        fmt::print("{:.0f} s: {} frames, {} kills\n", since(began_), results_->count(), killed_.size());
        std::fflush(stdout);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return end();
  }

 private:
  static double since(TimePoint time) {
    return std::chrono::duration<double>(steady_clock::now() - time).count();
  }

  template <typename... Arguments>
  void mistake(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    right_ = false;
    fmt::print("WRONG: {}\n", fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  void start_worker(int worker) {
    chain_.start(worker, name_of_process(worker), {"worker", std::to_string(worker), "-c", config_.string()});
  }

  void start() {
    std::filesystem::create_directories(chain_.directory());
    ConfigText text{.scenario = scenario_,
                    .workers = {},
                    .trainer = {},
                    .cache = setup_.directory / "cache",
                    .secret = scenario_.tls ? setup_.directory / "right.secret" : std::filesystem::path(),
                    .last_layer = reference_.last_layer};
    for (const std::uint16_t port : test::free_ports(soak_workers)) {
      const std::string address = fmt::format("127.0.0.1:{}", port);
      text.workers.push_back({.address = address, .listen = address});
    }
    std::string config = text.text();
    // Half an hour of debug lines would fill the disk rather than tell something.
    config.replace(config.find("\"debug\""), 7, "\"info\"");
    config_ = chain_.write("config.toml", config);
    for (int worker = 0; worker < soak_workers; ++worker) start_worker(worker);
    std::array<int, 2> video{};
    std::array<int, 2> lines{};
    if (pipe2(video.data(), O_CLOEXEC) != 0 || pipe2(lines.data(), O_CLOEXEC) != 0) throw Error("no pipe");
    chain_.start(master, "master", {"master", "-c", config_.string()},
                 {.input = video[0], .output = lines[1]});
    close(video[0]);
    close(lines[1]);
    for (const int descriptor : {video[1], lines[0]}) fcntl(descriptor, F_SETFL, O_NONBLOCK);
    feeder_ = std::make_unique<VideoFeeder>(video[1], std::numeric_limits<int>::max(), soak_frames_per_s,
                                            static_cast<int>(reference_.checksums.size()));
    results_ = std::make_unique<Results>(lines[0]);
    began_ = steady_clock::now();
  }

  void sample() {
    for (const Child* child : chain_.watch()) {
      mistake("{} ended by itself with status {}", child->name,
              child->process->wait(std::chrono::milliseconds(0)));
    }
    for (int role = master; role < soak_workers; ++role) {
      const Child* const child = chain_.playing(role);
      const auto usage = child != nullptr ? usage_of(child->process->pid()) : std::nullopt;
      if (!usage) continue;
      resident_[role].push_back({.at_s = since(began_), .value = usage->resident_mb});
      files_[role].push_back({.at_s = since(began_), .value = static_cast<double>(usage->open_files)});
    }
  }

  static std::vector<Sample> after_warm_up(const std::vector<Sample>& samples) {
    std::vector<Sample> later;
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(later),
                 [](const Sample& sample) { return sample.at_s >= warm_up_s; });
    return later;
  }

  /// The middle one of some samples: a connection that is being made anew is a file more or less.
  static double usual(std::vector<Sample> samples) {
    std::sort(samples.begin(), samples.end(),
              [](const Sample& a, const Sample& b) { return a.value < b.value; });
    return samples[samples.size() / 2].value;
  }

  void judge_memory(int role) {
    const std::vector<Sample> samples = after_warm_up(resident_[role]);
    const std::optional<Trend> trend = trend_of(samples);
    if (!trend) return;
    fmt::print("{}: {:.1f} MB, {:+.2f} % per hour ({:+.2f} to {:+.2f})", name_of_process(role), trend->median,
               100 * trend->per_hour, 100 * trend->least_per_hour, 100 * trend->most_per_hour);
    const std::vector<Sample> files = after_warm_up(files_[role]);
    const auto half = files.begin() + static_cast<std::ptrdiff_t>(files.size() / 2);
    const double before = usual({files.begin(), half});
    const double after = usual({half, files.end()});
    fmt::print("; {:.0f} open files, then {:.0f}", before, after);
    if (role != master && role != witness) {
      fmt::print(" (a new process after each kill)\n");
      return;
    }
    fmt::print("\n");
    if (samples.back().at_s - samples.front().at_s < shortest_judged_s) {
      fmt::print("too short to judge the memory: at least {:.0f} minutes\n",
                 (warm_up_s + shortest_judged_s) / 60);
      return;
    }
    if (trend->per_hour > most_growth_per_hour) mistake("memory of {} grows", name_of_process(role));
    if (before != after)
      mistake("open files of {} are {:.0f}, then {:.0f}", name_of_process(role), before, after);
  }

  void judge_frames() {
    results_->read();
    const auto count = static_cast<int>(results_->count());
    const Results::Judgement judged = results_->judge(count, reference_.checksums);
    std::vector<double> recoveries;
    for (const TimePoint restarted : restarted_) {
      const TimePoint next = results_->first_after(restarted);
      if (next != TimePoint::max())
        recoveries.push_back(std::chrono::duration<double>(next - restarted).count());
    }
    std::sort(recoveries.begin(), recoveries.end());
    fmt::print("{} frames in {:.0f} s, {} kills: {} lost, {} doubled, {} wrong", count, since(began_),
               killed_.size(), judged.lost, judged.doubled, judged.wrong + judged.unreadable);
    if (!recoveries.empty()) {
      fmt::print("; from a restart to the next result: median {:.2f} s, worst {:.2f} s",
                 recoveries[recoveries.size() / 2], recoveries.back());
    }
    fmt::print("\n");
    if (judged.lost + judged.doubled + judged.wrong + judged.unreadable > 0)
      mistake("frames are not as they should be");
    if (count < feeder_->given() / 2) mistake("of {} frames only {} have results", feeder_->given(), count);
  }

  int end() {
    Child* const child = chain_.playing(master);
    if (child == nullptr) mistake("the master ended: see {}", (chain_.directory() / "master.err").string());
    if (child != nullptr) {
      child->process->kill(SIGTERM);
      const int status = child->process->wait(std::chrono::seconds(10));
      if (status != 128 + SIGTERM) mistake("the master ended with status {}", status);
    }
    judge_frames();
    for (int role = master; role < soak_workers; ++role) judge_memory(role);
    for (const std::string& wrong : chain_.stop_all(std::chrono::seconds(5))) mistake("{}", wrong);
    if (!processes_with(marker_).empty()) mistake("processes are left over");
    fmt::print("{}\n", right_ ? "right" : "not right");
    return right_ ? 0 : 1;
  }

  const Setup& setup_;
  const double length_s_;
  const std::string marker_;
  const Scenario scenario_;
  const Reference reference_;
  Processes table_;
  ChainProcesses chain_;
  std::filesystem::path config_;
  std::unique_ptr<VideoFeeder> feeder_;
  std::unique_ptr<Results> results_;
  Dice dice_{1};
  int victim_ = 0;
  TimePoint began_;
  std::vector<TimePoint> killed_, restarted_;
  std::map<int, std::vector<Sample>> resident_, files_;
  bool right_ = true;
};

}  // namespace

int soak(const Setup& setup, double minutes, bool tls) {
  return Soak(setup, minutes, tls).run();
}

}  // namespace edge::faults
