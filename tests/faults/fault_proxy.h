// The lines of a chain: TCP proxies on the loopback interface, one in front of each worker and the trainer,
// that do to the bytes what a run's faults say.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "tests/faults/dice.h"
#include "tests/faults/process_table.h"
#include "tests/faults/scenario.h"
#include "tests/faults/stream_follower.h"

namespace edge::faults {

/// What a line does to all that passes.
struct Weather {
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds jitter{0};  ///< the delay is off by this at most
  double bytes_per_s = 0;               ///< 0: no limit
  bool slices = false;                  ///< each byte alone
};

/// What happens to a line once.
struct Strike {
  enum class What : std::uint8_t {
    reset,    ///< RST to both sides
    close,    ///< FIN to both sides
    swallow,  ///< nothing passes any more, either way; both sides' connections stay
    flip      ///< a bit
  };
  enum class Where : std::uint8_t {
    now,       ///< or as soon as there is such a line
    anywhere,  ///< in a message that goes in `direction`
    header,
    payload
  };
  What what = What::reset;
  Hop hop;
  Where where = Where::now;
  Direction direction = Direction::forward;
  double position = 0;  ///< there, 0 to 1
  int bit = 0;
};

/// All lines of a run, with a thread of their own. Its functions may be called from any other.
class FaultProxies {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `processes` outlives this. `seed`: of the jitter.
  FaultProxies(const Processes& processes, std::uint64_t seed);
  ~FaultProxies();
  FaultProxies(const FaultProxies&) = delete;
  FaultProxies& operator=(const FaultProxies&) = delete;

  /// A proxy in front of `process`, which listens on `port`. Returns the proxy's port.
  std::uint16_t add(int process, std::uint16_t port);
  /// New connections to `process` go to these ports in turn.
  void set_targets(int process, std::vector<std::uint16_t> ports);

  void set_weather(const Hop& hop, const Weather& weather);
  void clear_weather(const Hop& hop);
  /// Returns its number.
  std::size_t strike(const Strike& strike);
  /// When it struck; nothing so far.
  std::optional<TimePoint> struck(std::size_t number) const;
  /// It does not strike any more.
  void withdraw(std::size_t number);

 private:
  using Socket = asio::ip::tcp::socket;
  struct Chunk {
    std::vector<std::byte> bytes;
    TimePoint due;
    std::optional<Strike::What> then;
  };
  /// One direction of a line.
  struct Lane {
    explicit Lane(asio::io_context& context) : changed(context) {}
    std::deque<Chunk> queue;
    std::size_t queued = 0;
    TimePoint last_due;
    std::uint64_t passed = 0;
    StreamFollower follower;
    std::vector<std::byte> held_back;  ///< a part of a header
    asio::steady_timer changed;
    bool ended = false;  ///< nothing comes any more
  };
  struct Line {
    Line(asio::io_context& context, Socket from, Socket to)
        : caller(std::move(from)), callee(std::move(to)), forward(context), backward(context) {}
    Socket caller, callee;
    int calling = nobody;
    int called = nobody;
    Purpose purpose = Purpose::any;
    bool purpose_is_sure = false;
    Lane forward, backward;
    bool swallows = false;
    bool closed = false;
    Lane& lane(Direction direction) { return direction == Direction::forward ? forward : backward; }
    Socket& source(Direction direction) { return direction == Direction::forward ? caller : callee; }
    Socket& sink(Direction direction) { return direction == Direction::forward ? callee : caller; }
  };
  struct Proxy {
    int process = nobody;
    std::uint16_t port = 0;
    std::vector<std::uint16_t> targets;
    std::size_t next = 0;
    std::unique_ptr<asio::ip::tcp::acceptor> acceptor;
  };
  struct Armed {
    Strike strike;
    std::optional<TimePoint> at;
    bool withdrawn = false;
  };

  asio::awaitable<void> accept(Proxy& proxy);
  asio::awaitable<void> open(Proxy& proxy, Socket caller);
  asio::awaitable<void> read(std::shared_ptr<Line> line, Direction direction);
  asio::awaitable<void> write(std::shared_ptr<Line> line, Direction direction);
  asio::awaitable<void> deliver(const std::shared_ptr<Line>& line, Direction direction, const Chunk& chunk);
  void take(Line& line, Direction direction, std::span<const std::byte> bytes);
  void enqueue(Line& line, Direction direction, std::vector<std::byte> bytes,
               std::optional<Strike::What> then);
  Armed* due_strike(const Line& line, Direction direction, const Unit& unit);
  void strike_now(Armed& armed);
  bool strike_waiting(Line& line);
  static void learn_purpose(Line& line, std::span<const std::byte> bytes);
  static bool matches(const Hop& hop, const Line& line);
  static void end(Line& line, Strike::What how);
  Weather weather_of(const Line& line) const;
  template <typename Function>
  auto on_thread(Function function);

  const Processes& processes_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Dice dice_;
  std::list<Proxy> proxies_;
  std::vector<std::pair<Hop, Weather>> weather_;
  std::deque<Armed> strikes_;
  std::vector<std::weak_ptr<Line>> lines_;
  std::thread thread_;
};

}  // namespace edge::faults
