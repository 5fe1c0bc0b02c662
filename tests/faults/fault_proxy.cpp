#include "tests/faults/fault_proxy.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#include <future>
#include <span>
#include <string_view>
#include <utility>

namespace edge::faults {

using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_queued = std::size_t{256} * 1024;
constexpr std::size_t most_queued_of_slow = std::size_t{16} * 1024;
constexpr std::size_t slow_piece = 1024;
/// A control connection carries less towards a worker, a link more with its first probe.
constexpr std::uint64_t most_of_control = 8000;
/// Heartbeats are smaller.
constexpr std::size_t smallest_message = 60;
/// Frames are larger, acknowledgements and questions are not.
constexpr std::size_t smallest_frame = 300;

auto quietly(asio::error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

bool same(const Hop& a, const Hop& b) {
  return a.caller == b.caller && a.callee == b.callee && a.purpose == b.purpose;
}

bool contains(std::span<const std::byte> bytes, std::string_view text) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return all.find(text) != std::string_view::npos;
}

}  // namespace

FaultProxies::FaultProxies(const Processes& processes, std::uint64_t seed)
    : processes_(processes),
      work_(asio::make_work_guard(context_)),
      dice_(seed),
      thread_([this] { context_.run(); }) {}

FaultProxies::~FaultProxies() {
  context_.stop();
  thread_.join();
}

/// Runs it on the proxies' thread, and waits for what it returns.
template <typename Function>
auto FaultProxies::on_thread(Function function) {
  std::packaged_task<decltype(function())()> task(std::move(function));
  auto result = task.get_future();
  asio::post(context_, [&task] { task(); });
  return result.get();
}

std::uint16_t FaultProxies::add(int process, std::uint16_t port) {
  return on_thread([&] {
    Proxy& proxy = proxies_.emplace_back();
    proxy.process = process;
    proxy.targets = {port};
    proxy.acceptor =
        std::make_unique<tcp::acceptor>(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    proxy.port = proxy.acceptor->local_endpoint().port();
    asio::co_spawn(
        context_, [this, &proxy] { return accept(proxy); }, asio::detached);
    return proxy.port;
  });
}

void FaultProxies::set_targets(int process, std::vector<std::uint16_t> ports) {
  on_thread([&] {
    for (Proxy& proxy : proxies_) {
      if (proxy.process == process) proxy.targets = std::move(ports);
    }
  });
}

void FaultProxies::set_weather(const Hop& hop, const Weather& weather) {
  on_thread([&] { weather_.emplace_back(hop, weather); });
}

void FaultProxies::clear_weather(const Hop& hop) {
  on_thread([&] {
    const auto one = std::find_if(weather_.begin(), weather_.end(),
                                  [&](const auto& entry) { return same(entry.first, hop); });
    if (one != weather_.end()) weather_.erase(one);
  });
}

std::size_t FaultProxies::strike(const Strike& strike) {
  return on_thread([&] {
    Armed& armed = strikes_.emplace_back(Armed{.strike = strike, .at = {}});
    if (strike.where == Strike::Where::now) strike_now(armed);
    return strikes_.size() - 1;
  });
}

std::optional<FaultProxies::TimePoint> FaultProxies::struck(std::size_t number) const {
  return const_cast<FaultProxies*>(this)->on_thread([&] { return strikes_[number].at; });
}

void FaultProxies::withdraw(std::size_t number) {
  on_thread([&] { strikes_[number].withdrawn = true; });
}

bool FaultProxies::matches(const Hop& hop, const Line& line) {
  return hop.caller == line.calling && hop.callee == line.called &&
         (hop.purpose == Purpose::any || hop.purpose == line.purpose);
}

Weather FaultProxies::weather_of(const Line& line) const {
  Weather worst;
  for (const auto& [hop, weather] : weather_) {
    if (!matches(hop, line)) continue;
    worst.delay = std::max(worst.delay, weather.delay);
    worst.jitter = std::max(worst.jitter, weather.jitter);
    worst.bytes_per_s = std::max(worst.bytes_per_s, weather.bytes_per_s);
    worst.slices = worst.slices || weather.slices;
  }
  return worst;
}

void FaultProxies::end(Line& line, Strike::What how) {
  if (how == Strike::What::swallow) {
    line.swallows = true;
    return;
  }
  line.closed = true;
  asio::error_code ignored;
  for (tcp::socket* socket : {&line.caller, &line.callee}) {
    if (how == Strike::What::reset) {
      socket->set_option(asio::socket_base::linger(true, 0), ignored);
    } else {
      socket->shutdown(tcp::socket::shutdown_both, ignored);
    }
    socket->close(ignored);
  }
  line.forward.changed.cancel();
  line.backward.changed.cancel();
}

void FaultProxies::strike_now(Armed& armed) {
  for (const std::weak_ptr<Line>& entry : lines_) {
    const std::shared_ptr<Line> line = entry.lock();
    if (!line || line->closed || line->swallows || !matches(armed.strike.hop, *line)) continue;
    end(*line, armed.strike.what);
    armed.at = steady_clock::now();
  }
}

/// A strike that waits for such a line. True if it has ended this one.
bool FaultProxies::strike_waiting(Line& line) {
  for (Armed& armed : strikes_) {
    if (armed.at || armed.withdrawn || armed.strike.where != Strike::Where::now) continue;
    if (!matches(armed.strike.hop, line)) continue;
    armed.at = steady_clock::now();
    end(line, armed.strike.what);
    return true;
  }
  return false;
}

FaultProxies::Armed* FaultProxies::due_strike(const Line& line, Direction direction, const Unit& unit) {
  for (Armed& armed : strikes_) {
    const Strike& strike = armed.strike;
    if (armed.at || armed.withdrawn || strike.where == Strike::Where::now) continue;
    if (strike.direction != direction || !matches(strike.hop, line)) continue;
    const bool frames = strike.hop.purpose == Purpose::link && direction == Direction::forward;
    if (unit.total >= (frames ? smallest_frame : smallest_message)) return &armed;
  }
  return nullptr;
}

asio::awaitable<void> FaultProxies::accept(Proxy& proxy) {
  for (;;) {
    asio::error_code error;
    tcp::socket caller = co_await proxy.acceptor->async_accept(quietly(error));
    if (error) co_return;
    asio::co_spawn(
        context_,
        [this, &proxy, socket = std::move(caller)]() mutable { return open(proxy, std::move(socket)); },
        asio::detached);
  }
}

asio::awaitable<void> FaultProxies::open(Proxy& proxy, Socket caller) {
  asio::error_code error;
  const std::uint16_t from = caller.remote_endpoint(error).port();
  const int calling = error ? nobody : processes_.owner_of_connection(from, proxy.port);
  const std::uint16_t target = proxy.targets[proxy.next++ % proxy.targets.size()];
  tcp::socket callee(context_);
  co_await callee.async_connect({asio::ip::address_v4::loopback(), target}, quietly(error));
  if (error) {  // as if there were no proxy
    asio::error_code ignored;
    caller.set_option(asio::socket_base::linger(true, 0), ignored);
    co_return;
  }
  const auto line = std::make_shared<Line>(context_, std::move(caller), std::move(callee));
  for (tcp::socket* socket : {&line->caller, &line->callee}) {
    socket->set_option(tcp::no_delay(true), error);
  }
  line->calling = calling;
  line->called = proxy.process;
  if (calling >= 0) line->purpose = Purpose::link;
  if (proxy.process == trainer) line->purpose = Purpose::control;
  line->purpose_is_sure = line->purpose != Purpose::any;
  std::erase_if(lines_, [](const std::weak_ptr<Line>& entry) { return entry.expired(); });
  lines_.push_back(line);
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    asio::co_spawn(
        context_, [this, line, direction] { return read(line, direction); }, asio::detached);
    asio::co_spawn(
        context_, [this, line, direction] { return write(line, direction); }, asio::detached);
  }
}

/// A hello says what a connection is for; of one that is encrypted its bytes tell.
void FaultProxies::learn_purpose(Line& line, std::span<const std::byte> bytes) {
  const bool hello = line.forward.passed == 0 && !bytes.empty() && bytes[0] == std::byte{'E'};
  line.forward.passed += bytes.size();
  if (line.purpose_is_sure) return;
  line.purpose_is_sure = hello;
  if (hello) {
    line.purpose = contains(bytes, "gcontrol") ? Purpose::control : Purpose::link;
  } else if (line.forward.passed > most_of_control) {
    line.purpose = Purpose::link;
  } else if (line.forward.passed > smallest_frame) {
    line.purpose = Purpose::control;
  }
}

void FaultProxies::enqueue(Line& line, Direction direction, std::vector<std::byte> bytes,
                           std::optional<Strike::What> then) {
  Lane& lane = line.lane(direction);
  const Weather weather = weather_of(line);
  const double off = dice_.between(-1, 1);
  const auto delay =
      weather.delay + std::chrono::duration_cast<std::chrono::milliseconds>(weather.jitter * off);
  lane.last_due = std::max(lane.last_due, steady_clock::now() + delay);
  lane.queued += bytes.size();
  lane.queue.push_back({.bytes = std::move(bytes), .due = lane.last_due, .then = then});
  lane.changed.cancel();
}

void FaultProxies::take(Line& line, Direction direction, std::span<const std::byte> bytes) {
  if (direction == Direction::forward) learn_purpose(line, bytes);
  if (strike_waiting(line) && line.closed) return;
  Lane& lane = line.lane(direction);
  std::vector<std::byte> all = std::move(lane.held_back);
  lane.held_back.clear();
  all.insert(all.end(), bytes.begin(), bytes.end());
  std::size_t begin = 0;  // of what is not yet enqueued
  std::size_t at = 0;
  const auto pass = [&](std::size_t end, std::optional<Strike::What> then) {
    if (end > begin || then) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(begin);
      enqueue(line, direction, {first, all.begin() + static_cast<std::ptrdiff_t>(end)}, then);
    }
    begin = end;
  };
  while (at < all.size()) {
    const std::size_t count = lane.follower.next(std::span(all).subspan(at));
    if (count == 0) break;  // the rest of the header is still to come
    const std::optional<Unit> unit = lane.follower.begun();
    if (Armed* const armed = unit ? due_strike(line, direction, *unit) : nullptr) {
      const Strike& strike = armed->strike;
      const std::size_t first = strike.where == Strike::Where::payload ? unit->header : 0;
      const std::size_t last = strike.where == Strike::Where::header     ? unit->header - 1
                               : strike.where == Strike::Where::anywhere ? unit->total
                                                                         : unit->total - 1;
      const auto offset = static_cast<std::size_t>(strike.position * static_cast<double>(last - first) + 0.5);
      const std::size_t place = at + first + offset;
      if (place <= all.size() && (strike.what != Strike::What::flip || place < all.size())) {
        armed->at = steady_clock::now();
        if (strike.what == Strike::What::flip) {
          all[place] ^= static_cast<std::byte>(1U << static_cast<unsigned>(strike.bit));
        } else {
          pass(place, strike.what);
          return;
        }
      }
    }
    at += count;
  }
  pass(at, {});
  lane.held_back.assign(all.begin() + static_cast<std::ptrdiff_t>(at), all.end());
}

asio::awaitable<void> FaultProxies::read(std::shared_ptr<Line> line, Direction direction) {
  Lane& lane = line->lane(direction);
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  asio::error_code error;
  while (!line->closed) {
    const bool slow = weather_of(*line).bytes_per_s > 0 || weather_of(*line).slices;
    if (lane.queued > (slow ? most_queued_of_slow : most_queued)) {
      lane.changed.expires_after(std::chrono::milliseconds(5));
      co_await lane.changed.async_wait(quietly(error));
      continue;
    }
    const std::size_t count =
        co_await line->source(direction).async_read_some(asio::buffer(buffer), quietly(error));
    if (error) break;
    if (!line->swallows && !line->closed) take(*line, direction, std::span(buffer).first(count));
  }
  lane.ended = true;
  if (line->swallows) line->source(direction).close(error);  // and the other side hears nothing of it
  lane.changed.cancel();
}

asio::awaitable<void> FaultProxies::deliver(const std::shared_ptr<Line>& line, Direction direction,
                                            const Chunk& chunk) {
  asio::error_code error;
  asio::steady_timer pause(context_);
  pause.expires_at(chunk.due);
  co_await pause.async_wait(quietly(error));
  std::span<const std::byte> rest(chunk.bytes);
  while (!rest.empty() && !line->swallows && !line->closed) {
    const Weather weather = weather_of(*line);
    const std::size_t most = weather.slices ? 1 : weather.bytes_per_s > 0 ? slow_piece : rest.size();
    const auto piece = rest.first(std::min(most, rest.size()));
    rest = rest.subspan(piece.size());
    if (weather.bytes_per_s > 0) {
      pause.expires_after(std::chrono::duration_cast<steady_clock::duration>(
          std::chrono::duration<double>(static_cast<double>(piece.size()) / weather.bytes_per_s)));
      co_await pause.async_wait(quietly(error));
    }
    co_await asio::async_write(line->sink(direction), asio::buffer(piece.data(), piece.size()),
                               quietly(error));
    if (error) {
      end(*line, Strike::What::close);
      co_return;
    }
  }
  if (chunk.then && !line->closed) end(*line, *chunk.then);
}

asio::awaitable<void> FaultProxies::write(std::shared_ptr<Line> line, Direction direction) {
  Lane& lane = line->lane(direction);
  asio::error_code error;
  while (!line->closed) {
    if (lane.queue.empty()) {
      if (lane.ended) break;
      lane.changed.expires_at(TimePoint::max());
      co_await lane.changed.async_wait(quietly(error));
      continue;
    }
    const Chunk chunk = std::move(lane.queue.front());
    lane.queue.pop_front();
    co_await deliver(line, direction, chunk);
    lane.queued -= chunk.bytes.size();
    lane.changed.cancel();
  }
  if (!line->closed && !line->swallows) line->sink(direction).shutdown(tcp::socket::shutdown_send, error);
}

}  // namespace edge::faults
