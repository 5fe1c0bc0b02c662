// What a seed means: a chain, and the faults that it meets. Plain data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge::faults {

enum class Kind : std::uint8_t {
  kill_and_restart,  ///< kill -9 of a process that is started again
  kill_for_good,     ///< kill -9 of a worker that never comes back
  stop,              ///< SIGSTOP, then SIGCONT
  reset,             ///< the connection is reset
  half_open,         ///< both sides believe in a connection over which nothing comes any more
  latency,           ///< 200 ms, more or less 50
  slow_line,         ///< 64 kB/s
  slices,            ///< one byte at a time
  cut,               ///< the connection ends behind byte k of a message
  flip_header,       ///< one bit of a message's header
  flip_payload,      ///< one bit behind it
  wrong_secret,      ///< a master with another secret calls the workers
  wrong_model,       ///< a worker comes back with another network; or a master with another one calls
  duplicate,         ///< a second process is worker i, too
  disk_full,         ///< where the results go
  clock_jump         ///< a process' clocks
};
constexpr int kinds = 16;

enum class Moment : std::uint8_t { start, learning, planning, mid_frame, idle, end };
constexpr int moments = 6;

const char* name_of(Kind kind);
const char* name_of(Moment moment);

/// Processes: workers are 0, 1 ...
constexpr int master = -1;
constexpr int trainer = 100;
constexpr int nobody = -2;
std::string name_of_process(int process);

enum class Purpose : std::uint8_t { any, control, link };

/// Connections of one process to another.
struct Hop {
  int caller = nobody;
  int callee = nobody;
  Purpose purpose = Purpose::any;
};
std::string name_of(const Hop& hop);

enum class Direction : std::uint8_t { forward, backward };  ///< away from the caller; to it

struct Fault {
  Kind kind = Kind::stop;
  Moment moment = Moment::mid_frame;
  double after = 0;     ///< so many of the frames have results (mid_frame, planning, idle), 0 to 1
  double delay_s = 0;   ///< behind the moment
  double length_s = 0;  ///< until it is over, where it has a length
  int process = nobody;
  Hop hop;
  Direction direction = Direction::forward;
  double position = 0;       ///< of a cut or a flipped bit: in the message, its header or its payload, 0 to 1
  int bit = 0;               ///< 0 to 7
  bool by_worker = false;    ///< wrong_model: a worker's; else a master's
  bool takes_port = false;   ///< duplicate: it wants the port that the first has
  double steady_jump_s = 0;  ///< clock_jump
  double calendar_jump_s = 0;  ///< clock_jump
};

/// What the program under test can do.
struct Abilities {
  bool tls = false;      ///< edge secret
  bool goes_on = false;  ///< [schedule] wait_for: a chain goes on without a worker that is lost
};

struct Scenario {
  std::uint64_t seed = 0;
  bool tls = false;
  int workers = 2;
  std::string network;
  std::string scheduler;  ///< "fixed": by `cuts`
  /// Of each plan in turn: where it is cut, as shares of the network's layers, in order.
  std::vector<std::vector<double>> cuts;
  std::string mode;  ///< [net] mode
  bool compress = true;
  bool default_times = false;  ///< [net] heartbeat_s and timeout_s are the program's own
  bool fresh_profiles = false;
  bool with_trainer = false;
  bool begins_with_one = false;  ///< [schedule] wait_for = 1
  int gate = 0;
  int frames = 0;
  double frames_per_s = 0;
  int pending = 3;
  std::vector<Fault> faults;
  std::vector<std::string> left_out;  ///< faults that the program cannot be asked to bear; why
};

/// The same for both ways: seed S with TLS has the faults of seed S without. Seeds 1 to 96 have each kind at
/// each moment once, as their first fault.
Scenario make_scenario(std::uint64_t seed, bool tls, const Abilities& abilities);

/// Two lines: the chain; its faults.
std::string describe(const Scenario& scenario);
std::string describe(const Fault& fault);

}  // namespace edge::faults
