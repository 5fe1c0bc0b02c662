#include "tests/faults/fault_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "tests/faults/chain_processes.h"
#include "tests/faults/fault_proxy.h"
#include "tests/faults/results.h"
#include "tests/faults/video_feeder.h"

namespace edge::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using TimePoint = steady_clock::time_point;

constexpr int group_frames = 3;  // [schedule] group_size
constexpr TimePoint never = TimePoint::max();

steady_clock::duration seconds_long(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

std::pair<int, int> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Error("no pipe");
  return {ends[0], ends[1]};
}

void do_not_block(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/// A small file system at `directory`, while this lives; needs root.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path directory, int kilobytes) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
    const std::string size = fmt::format("size={}k", kilobytes);
    mounted_ = mount("edge-faults", directory_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(directory_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path directory_;
  bool mounted_ = false;
};

/// A fault on its way.
struct Active {
  enum class State : std::uint8_t { waits, due, lasts, over };
  Fault fault;
  State state = State::waits;
  TimePoint at = never;    ///< when it is due, then when it struck
  TimePoint ends = never;  ///< may be planned, then is
  bool struck = false;
  std::size_t log_lines = 0;          ///< of plans, when it began to wait for one
  Child* child = nullptr;             ///< that it stopped or started
  std::optional<std::size_t> strike;  ///< its number
  bool holds_video = false;
};

class FaultRun {
 public:
  FaultRun(const Setup& setup, const Scenario& scenario, const Reference& reference,
           const std::filesystem::path& directory)
      : setup_(setup),
        scenario_(scenario),
        reference_(reference),
        slowness_(setup.sanitized ? 4 : 1),
        marker_(fmt::format("EDGE_FAULTS_RUN={}-{}-{}", getpid(), scenario.seed, scenario.tls)),
        chain_(setup, directory, table_, marker_),
        proxies_(table_, scenario.seed) {}

  Outcome run() {
    begin();
    for (const Fault& fault : scenario_.faults) faults_.push_back({.fault = fault, .strike = {}});
    TimePoint watched;
    for (;;) {
      const TimePoint now = steady_clock::now();
      results_->read();
      if (feeder_) feeder_->feed(now);
      if (now - watched > milliseconds(100)) {
        watched = now;
        watch();
      }
      for (Active& active : faults_) advance(active, now);
      if (!chain_.playing(master) && !master_comes_back()) break;
      if (now - last_event() > seconds_long(patience_s * slowness_)) {
        outcome_.hung = true;
        mistake("hung: no result for {:.0f} s after the last fault's end; {} of {} frames are there",
                patience_s, results_->count(), scenario_.frames);
        break;
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
    finish();
    return std::move(outcome_);
  }

 private:
  static constexpr double patience_s = 20;

  template <typename... Arguments>
  void mistake(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    outcome_.mistakes.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  bool has(Kind kind) const {
    return std::any_of(scenario_.faults.begin(), scenario_.faults.end(),
                       [&](const Fault& fault) { return fault.kind == kind; });
  }

  ConfigText config_text() const {
    return {.scenario = scenario_,
            .workers = addresses_,
            .trainer = trainer_,
            .cache = scenario_.fresh_profiles ? chain_.directory() / "cache" : setup_.directory / "cache",
            .secret = scenario_.tls ? setup_.directory / "right.secret" : std::filesystem::path(),
            .last_layer = reference_.last_layer};
  }

  void begin() {
    const std::vector<std::uint16_t> ports = test::free_ports(scenario_.workers + 1);
    const auto behind_proxy = [&](int process, std::uint16_t port) {
      ports_[process] = port;
      return ChainAddress{.address = fmt::format("127.0.0.1:{}", proxies_.add(process, port)),
                          .listen = fmt::format("127.0.0.1:{}", port)};
    };
    for (int worker = 0; worker < scenario_.workers; ++worker) {
      addresses_.push_back(behind_proxy(worker, ports[static_cast<std::size_t>(worker)]));
    }
    if (scenario_.with_trainer) trainer_ = behind_proxy(trainer, ports.back());
    config_ = chain_.write("config.toml", config_text().text());
    for (const Fault& fault : scenario_.faults) {
      if (fault.kind == Kind::clock_jump) chain_.give_clocks(fault.process);
    }
    if (scenario_.with_trainer) start_trainer();
    for (int worker = 0; worker < scenario_.workers; ++worker) start_worker(worker, config_);
    start_master();
    began_ = steady_clock::now();
  }

  Child& start_worker(int worker, const std::filesystem::path& config) {
    return chain_.start(worker, name_of_process(worker),
                        {"worker", std::to_string(worker), "-c", config.string()});
  }

  void start_trainer() {
    // Predictors of its own, so that it has something to learn.
    ConfigText text = config_text();
    text.cache = chain_.directory() / "trainer cache";
    const auto config = chain_.write("trainer.toml", text.text());
    chain_.start(trainer, "trainer", {"trainer", "-c", config.string()});
  }

  bool master_comes_back() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const Active& active) {
      return active.fault.kind == Kind::kill_master && active.struck && active.state == Active::State::lasts;
    });
  }

  /// Reads a file, as fast as it can, and goes on behind the last line.
  void start_resuming_master() {
    const auto lines = chain_.directory() / "lines";
    const auto video = chain_.directory() / "video.y4m";
    if (!results_) {
      std::string frames = video_header();
      for (int frame = 0; frame < scenario_.frames; ++frame) frames += video_frame(frame);
      chain_.write("video.y4m", frames);
      const int descriptor = open(lines.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
      results_ = std::make_unique<Results>(descriptor);
    }
    master_ = &chain_.start(master, "master",
                            {"master", "-c", config_.string(), "--video", video.string(), "--output",
                             lines.string(), "--resume"});
  }

  /// Frames that the master has been given.
  int given() const {
    if (feeder_) return feeder_->given();
    return std::min(scenario_.frames, static_cast<int>(results_->count()) + scenario_.pending);
  }

  void start_master() {
    if (has(Kind::kill_master)) return start_resuming_master();
    std::vector<std::string> arguments{"master", "-c", config_.string()};
    const auto [video_out, video_in] = make_pipe();
    const auto [lines_out, lines_in] = make_pipe();
    do_not_block(video_in);
    do_not_block(lines_out);
    int lines = lines_out;
    if (has(Kind::disk_full)) {
      const auto disk = chain_.directory() / "disk";
      const double share = scenario_.faults.front().after;
      const double line_kilobytes = 0.35;
      const int kilobytes = 4 * (1 + static_cast<int>(share * scenario_.frames * line_kilobytes / 4));
      disk_ = std::make_unique<SmallDisk>(disk, kilobytes);
      const std::string file = disk_->mounted() ? (disk / "lines").string() : "/dev/full";
      arguments.insert(arguments.end(), {"--output", file});
      if (disk_->mounted()) {
        close(lines_out);
        lines = open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
      }
    }
    master_ = &chain_.start(master, "master", arguments, {.input = video_out, .output = lines_in});
    close(video_out);
    close(lines_in);
    feeder_ = std::make_unique<VideoFeeder>(video_in, scenario_.frames, scenario_.frames_per_s);
    results_ = std::make_unique<Results>(lines);
  }

  void watch() {
    for (const Child* child : chain_.watch()) {
      mistake("{} ended by itself with status {}", child->name, child->process->wait(milliseconds(0)));
    }
  }

  TimePoint last_event() const {
    TimePoint last = std::max({began_, results_->last(), last_fault_event_});
    for (const Active& active : faults_) {
      // Until it is over nothing is expected.
      if (active.state == Active::State::lasts && active.ends != never) last = std::max(last, active.ends);
    }
    return last;
  }

  static bool strikes_a_message(const Fault& fault) {
    return fault.kind == Kind::cut || fault.kind == Kind::flip_header || fault.kind == Kind::flip_payload;
  }

  std::size_t plans_told() const {
    const std::string log = test::read_file(chain_.directory() / "master.err");
    std::size_t count = 0;
    for (std::size_t at = log.find(": links "); at != std::string::npos; at = log.find(": links ", at + 1))
      ++count;
    return count;
  }

  bool is_there(Active& active) {
    if (active.fault.kind == Kind::disk_full) return true;  // from its own time on
    const int given_so_far = given();
    const auto results = static_cast<int>(results_->count());
    const bool late = given_so_far == scenario_.frames;  // better now than not at all
    const bool reached = results >= static_cast<int>(active.fault.after * scenario_.frames);
    switch (active.fault.moment) {
      case Moment::start:
        return true;
      case Moment::learning:
        return late || results > 0 ||
               test::read_file(chain_.directory() / "trainer.err").find("learns from") != std::string::npos;
      case Moment::planning: {
        if (!reached) return late;
        const std::size_t told = plans_told();
        if (active.log_lines == 0) active.log_lines = told + 1;
        return late || told >= active.log_lines;
      }
      case Moment::mid_frame:
        return late || (reached && given_so_far > results);
      case Moment::idle:
        // Frames of a group that is not complete may wait for the others.
        if (!feeder_) return reached;
        if (reached && !late && given_so_far % group_frames == 0) active.holds_video = true;
        return late || (reached && results == given_so_far);
      case Moment::end: {
        // In front of the last frame, or behind it; what is to strike a message needs one.
        const bool in_front = strikes_a_message(active.fault) || active.fault.after < 0.45;
        return late || (in_front && given_so_far >= scenario_.frames - 1);
      }
    }
    return true;
  }

  void advance(Active& active, TimePoint now) {
    using State = Active::State;
    if (active.state == State::waits && is_there(active)) {
      active.state = State::due;
      active.at = now + seconds_long(active.fault.delay_s);
    }
    if (active.state == State::due && now >= active.at) {
      active.state = State::lasts;
      active.at = last_fault_event_ = now;
      strike(active, now);
    }
    if (active.state == State::lasts) follow(active, now);
    if (active.state == State::over && active.holds_video && now - active.ends > milliseconds(200)) {
      active.holds_video = false;
      last_fault_event_ = now;
    }
    // What comes with the next frame only does not come while the video is held.
    if (active.state == State::lasts && active.holds_video && now - active.at > milliseconds(1000)) {
      active.holds_video = false;
    }
    if (!feeder_) return;
    feeder_->pause(
        std::any_of(faults_.begin(), faults_.end(), [](const Active& one) { return one.holds_video; }));
  }

  void strike_line(Active& active, Strike::What what, Strike::Where where) {
    const Fault& fault = active.fault;
    active.strike = proxies_.strike({.what = what,
                                     .hop = fault.hop,
                                     .where = where,
                                     .direction = fault.direction,
                                     .position = fault.position,
                                     .bit = fault.bit});
  }

  void over(Active& active, TimePoint at) {
    active.state = Active::State::over;
    active.ends = last_fault_event_ = at;
  }

  /// The moment is there.
  void strike(Active& active, TimePoint now) {
    const Fault& fault = active.fault;
    active.struck = true;
    if (fault.length_s > 0) active.ends = now + seconds_long(fault.length_s);
    switch (fault.kind) {
      case Kind::kill_and_restart:
      case Kind::kill_for_good:
      case Kind::kill_master:
      case Kind::stop:
        return strike_process(active, now);
      case Kind::reset:
        return strike_line(active, Strike::What::reset, Strike::Where::now);
      case Kind::half_open:
        return strike_line(active, Strike::What::swallow, Strike::Where::now);
      case Kind::cut:
        return strike_line(active, fault.bit % 2 == 0 ? Strike::What::reset : Strike::What::close,
                           Strike::Where::anywhere);
      case Kind::flip_header:
        return strike_line(active, Strike::What::flip, Strike::Where::header);
      case Kind::flip_payload:
        return strike_line(active, Strike::What::flip, Strike::Where::payload);
      case Kind::latency:
        return proxies_.set_weather(fault.hop, {.delay = milliseconds(200), .jitter = milliseconds(50)});
      case Kind::slow_line:
        return proxies_.set_weather(fault.hop, {.bytes_per_s = 64000});
      case Kind::slices:
        return proxies_.set_weather(fault.hop, {.slices = true});
      case Kind::wrong_secret:
        return call_as_stranger(active, "other.secret");
      case Kind::wrong_model:
        return fault.by_worker ? come_back_as_another(active, now) : call_as_stranger(active, "right.secret");
      case Kind::duplicate:
        return duplicate(active);
      case Kind::disk_full:
        return over(active, now);
      case Kind::clock_jump:
        chain_.set_clocks(fault.process, fault.steady_jump_s, fault.calendar_jump_s);
        return over(active, now);
    }
  }

  void strike_process(Active& active, TimePoint now) {
    const Fault& fault = active.fault;
    active.child = chain_.playing(fault.process);
    if (active.child == nullptr) {
      active.struck = false;
      return over(active, now);
    }
    if (fault.kind == Kind::stop) return active.child->process->kill(SIGSTOP);
    chain_.kill(*active.child);
    if (fault.kind == Kind::kill_for_good) over(active, now);
  }

  /// A master that is none of this chain.
  void call_as_stranger(Active& active, const std::string& secret) {
    ConfigText text = config_text();
    const bool encrypts = scenario_.tls || active.fault.kind == Kind::wrong_secret;
    if (encrypts) text.secret = setup_.directory / secret;
    if (active.fault.kind == Kind::wrong_model) text.model_seed = 2;
    const auto config = chain_.write(fmt::format("stranger {}.toml", ++strangers_), text.text());
    active.child = &chain_.start(
        master, fmt::format("stranger {}", strangers_),
        {"master", "-c", config.string(), "--video", "synthetic:street?seed=3&frames=5"}, {}, true);
  }

  void come_back_as_another(Active& active, TimePoint now) {
    Child* const child = chain_.playing(active.fault.process);
    if (child == nullptr) {
      active.struck = false;
      return over(active, now);
    }
    chain_.kill(*child);
    ConfigText text = config_text();
    text.model_seed = 2;
    active.child = &start_worker(active.fault.process, chain_.write("other model.toml", text.text()));
  }

  void duplicate(Active& active) {
    const int worker = active.fault.process;
    ConfigText text = config_text();
    if (!active.fault.takes_port) {
      second_port_ = test::free_ports(1).front();
      text.workers[static_cast<std::size_t>(worker)].listen = fmt::format("127.0.0.1:{}", second_port_);
      proxies_.set_targets(worker, {second_port_, ports_[worker]});
    }
    const auto config = chain_.write(fmt::format("second {}.toml", ++strangers_), text.text());
    active.child = &chain_.start(worker, fmt::format("second worker {} ({})", worker, strangers_),
                                 {"worker", std::to_string(worker), "-c", config.string()}, {}, true);
    if (active.fault.takes_port) return;
    // Who has a connection to the first keeps it: something has to be made anew.
    const Hop hop{.caller = worker - 1, .callee = worker, .purpose = Purpose::link};
    active.strike = proxies_.strike({.what = Strike::What::reset, .hop = hop});
  }

  /// What lasts comes to its end.
  void follow(Active& active, TimePoint now) {
    const Fault& fault = active.fault;
    if (active.strike && fault.kind != Kind::duplicate) {
      if (const auto at = proxies_.struck(*active.strike)) return over(active, *at);
      if (feeder_ ? !feeder_->done() : given() < scenario_.frames) return;
      // There is nothing more to strike.
      proxies_.withdraw(*active.strike);
      active.struck = false;
      return over(active, now);
    }
    if (now < active.ends) return;
    switch (fault.kind) {
      case Kind::kill_and_restart:
        if (chain_.playing(fault.process) != nullptr) {  // another fault has brought it back
          break;
        }
        if (fault.process == trainer) {
          start_trainer();
        } else {
          start_worker(fault.process, config_);
        }
        break;
      case Kind::kill_master:
        results_->read();
        start_resuming_master();
        break;
      case Kind::stop:
        active.child->process->kill(SIGCONT);
        break;
      case Kind::latency:
      case Kind::slow_line:
      case Kind::slices:
        proxies_.clear_weather(fault.hop);
        break;
      case Kind::wrong_secret:
      case Kind::wrong_model:
        end_of_other(active);
        break;
      case Kind::duplicate:
        end_of_duplicate(active);
        break;
      default:
        break;
    }
    over(active, steady_clock::now());
  }

  void end_of_other(Active& active) {
    Child& child = *active.child;
    const int status = child.process->wait(milliseconds(0));
    if (status >= 0 && status != 1) mistake("{} ended with status {}", child.name, status);
    chain_.kill(child);
    if (child.is_stranger && !child.process->output().empty()) mistake("{} got results", child.name);
    const bool worker = active.fault.kind == Kind::wrong_model && active.fault.by_worker;
    if (worker && chain_.playing(master) && !chain_.playing(active.fault.process))
      start_worker(active.fault.process, config_);
  }

  void end_of_duplicate(Active& active) {
    Child& child = *active.child;
    if (active.fault.takes_port) {
      const int status = child.process->wait(seconds_limit(3));
      if (status != 1) mistake("{} at a port that is taken: status {}", child.name, status);
    }
    chain_.kill(child);
    proxies_.set_targets(active.fault.process, {ports_[active.fault.process]});
    if (active.strike) proxies_.withdraw(*active.strike);
  }

  milliseconds seconds_limit(double seconds) const {
    return std::chrono::duration_cast<milliseconds>(seconds_long(seconds * slowness_));
  }

  /// The master has ended, or never will.
  void finish() {
    results_->read();
    outcome_.seconds = seconds_between(began_, steady_clock::now());
    // For those who look at the files of a run that has hung.
    if (outcome_.hung) std::this_thread::sleep_for(milliseconds(100));
    watch();
    for (Child& child : chain_.all()) {
      child.process->kill(SIGCONT);
    }
    judge_end(*master_);
    if (has(Kind::disk_full) && !outcome_.hung) serve_another();
    // What was killed or refused last has to be seen first.
    for (const std::string& wrong : chain_.stop_all(seconds_limit(3))) mistake("{}", wrong);
    for (const Child& child : chain_.all()) {
      if (child.is_stranger) continue;
      const double reference = child.role == master ? reference_.master_mb : reference_.worker_mb;
      if (child.role == trainer || setup_.sanitized) continue;
      outcome_.most_growth_mb = std::max(outcome_.most_growth_mb, child.most_mb - reference);
      constexpr double most_growth_mb = 64;
      if (child.most_mb > 1.5 * reference + most_growth_mb) {
        mistake("{} took {:.0f} MB, without faults {:.0f} MB", child.name, child.most_mb, reference);
      }
    }
    outcome_.orphans = static_cast<int>(processes_with(marker_).size());
    if (outcome_.orphans > 0) mistake("{} processes are left over", outcome_.orphans);
    for (const Active& active : faults_) {
      if (!active.struck) ++outcome_.not_struck;
    }
    measure_recoveries();
  }

  void judge_end(Child& child) {
    const int status = child.process->wait(milliseconds(0));
    const Results::Judgement judgement = results_->judge(scenario_.frames, reference_.checksums);
    outcome_.doubled = judgement.doubled;
    outcome_.wrong = judgement.wrong;
    const auto present = static_cast<int>(results_->count());
    const bool may_fail = std::any_of(faults_.begin(), faults_.end(), [](const Active& active) {
      return active.struck && (active.fault.kind == Kind::disk_full ||
                               (active.fault.kind == Kind::wrong_model && active.fault.by_worker));
    });
    if (judgement.unreadable > 0) mistake("{} lines are no results", judgement.unreadable);
    if (judgement.doubled > 0) mistake("{} frames twice or out of order", judgement.doubled);
    if (judgement.wrong > 0) mistake("{} frames have other results", judgement.wrong);
    if (outcome_.hung) {
      outcome_.lost = judgement.lost;
      return chain_.kill(child);
    }
    if (status == 1 && may_fail) {
      // Whole lines in front of where it failed, and why.
      outcome_.lost = judgement.lost - (scenario_.frames - present);
      if (child.process->errors().find(" error: ") == std::string::npos)
        mistake("the master does not say why it ended");
    } else {
      outcome_.lost = judgement.lost;
      if (status != 0) mistake("the master ended with status {}", status);
      if (results_->ends_within_a_line()) mistake("the last line has no end");
    }
    if (outcome_.lost > 0) mistake("{} frames are lost", outcome_.lost);
  }

  /// After a master that failed, the workers are there for the next one.
  void serve_another() {
    Child& next = chain_.start(
        master, "next master",
        {"master", "-c", config_.string(), "--video", "synthetic:street?seed=3&frames=5"}, {}, true);
    const int status = next.process->wait(seconds_limit(15));
    if (status != 0) mistake("the next master ended with status {}", status);
  }

  void measure_recoveries() {
    for (const Active& active : faults_) {
      if (!active.struck || active.ends == never || active.fault.kind == Kind::disk_full) continue;
      // Before the first result it is the start that takes its time.
      if (results_->count() == 0 || results_->first_after(TimePoint()) > active.ends) continue;
      const TimePoint next = results_->first_after(active.ends);
      if (next == never) continue;
      const bool disturbed = std::any_of(faults_.begin(), faults_.end(), [&](const Active& other) {
        return &other != &active && other.struck && other.at < next && other.ends > active.ends;
      });
      if (disturbed) continue;
      double seconds = seconds_between(active.ends, next);
      // Nothing can come while the video is held.
      if (active.fault.moment == Moment::idle) seconds = std::max(0.0, seconds - 0.2);
      const Kind kind = active.fault.kind;
      // A record of TLS whose length is wrong is waited for: unlike a message's, its header has no CRC.
      const bool by_timeout = kind == Kind::half_open || kind == Kind::kill_for_good ||
                              (scenario_.tls && kind == Kind::flip_header);
      (by_timeout ? outcome_.recoveries_after_timeout : outcome_.recoveries).push_back(seconds);
    }
  }

  const Setup& setup_;
  const Scenario& scenario_;
  const Reference& reference_;
  const double slowness_;
  const std::string marker_;
  Processes table_;
  ChainProcesses chain_;
  FaultProxies proxies_;
  std::map<int, std::uint16_t> ports_;
  std::uint16_t second_port_ = 0;
  std::vector<ChainAddress> addresses_;
  ChainAddress trainer_;
  std::filesystem::path config_;
  Child* master_ = nullptr;  ///< the last one
  std::unique_ptr<SmallDisk> disk_;
  std::unique_ptr<VideoFeeder> feeder_;
  std::unique_ptr<Results> results_;
  std::vector<Active> faults_;
  int strangers_ = 0;
  TimePoint began_;
  TimePoint last_fault_event_;
  Outcome outcome_;
};

}  // namespace

Outcome run_scenario(const Setup& setup, const Scenario& scenario, const Reference& reference,
                     const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  return FaultRun(setup, scenario, reference, directory).run();
}

}  // namespace edge::faults
