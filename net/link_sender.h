// The sending end of a link: encodes frames against what the receiver holds and keeps them until they are
// acknowledged.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "net/codec/encoder.h"
#include "net/connector.h"
#include "net/link_frame.h"
#include "net/time_observer.h"
#include "net/transfer_meter.h"

namespace edge::net {

/// Connects (again and again) to the next worker and sends frames in order, go-back-n: at most a window of
/// frames is unacknowledged, which is the back-pressure of the chain. After a lost connection, or when the
/// receiver asks for it
/// (`need_full`), the unacknowledged frames are sent again, the first of them whole. A thread named "send"
/// encodes. Measures how long transfers take. send(), reset() and close() may be called from any thread. Must
/// not be destroyed while the io_context runs.
class LinkSender {
 public:
  struct Options {
    Connector::Options connector;
    /// Of arrays in memory; one frame always goes.
    std::size_t max_unacknowledged_bytes = std::size_t{48} << 20;
    std::size_t queued_frames = 1;  ///< waiting to be encoded; more block send()
    /// A link over which nothing has gone for so long is measured with probes.
    std::chrono::milliseconds idle_probe{30000};
  };
  struct Handlers {
    /// All on the io_context's thread. See Connector::Handlers.
    std::function<void(const std::string& reason)> refused;
    std::function<void(const std::string& reason)> waiting = {};
    std::function<void()> connected = [] {};
    /// The sending thread cannot go on (one line: out of memory ...); it has ended. Called on that thread.
    std::function<void(const std::string& reason)> failed = [](const std::string&) {};
    /// Probes have measured the link: when it is connected, and now and then while it is idle. They get
    /// larger until one takes long enough to be believed: routers let short bursts pass at any speed. What
    /// frames tell is in their SendTimes.
    std::function<void(const Transfer& transfer)> probed = [](const Transfer&) {};
    TimeObserver time_spent = {};
  };

  LinkSender(asio::io_context& context, Options options, Handlers handlers);
  ~LinkSender();  ///< close()s and joins
  LinkSender(const LinkSender&) = delete;
  LinkSender& operator=(const LinkSender&) = delete;

  /// Begins to connect. On the io_context's thread, or before it runs.
  void start();
  /// Waits for room. False after close().
  bool send(OutgoingFrame frame);
  /// Drops all frames that are queued or unacknowledged (a new run, or the master sends them again).
  void reset();
  /// On the io_context's thread: only the process of this instance is meant, which another one that answers
  /// at its address may not be. A connection to another one is given up: false.
  bool expect(std::uint64_t instance);
  /// On the io_context's thread: see Connector::hold(). What is queued waits; reset() drops it.
  void hold(bool held) { connector_.hold(held); }
  /// On the io_context's thread, when the process is about to end: says farewell to the receiver.
  void leave(const std::string& verb) { connector_.leave(verb); }
  /// Wakes everybody up; nothing is sent any more.
  void close();

 private:
  struct Unacknowledged {
    OutgoingFrame frame;
    std::uint64_t sequence = 0;
    std::size_t message_bytes = 0;  ///< 0: not yet handed to the connection
    std::chrono::steady_clock::time_point handed_over = {};
  };
  struct Job {
    OutgoingFrame frame;
    std::uint64_t sequence = 0;
    std::uint64_t generation = 0;
    bool restart = false;  ///< first message since the receiver lost its bases
    std::shared_ptr<Connection> connection;
    double link_bytes_per_s = 0;
    double decompress_bytes_per_s = 0;
    Transfer transfer;  ///< since the last job
  };

  asio::awaitable<void> session(std::shared_ptr<Connection> connection, Welcome welcome);
  void handle(const Message& message);
  void acknowledge(std::uint64_t sequence, double held_s);
  void probe(std::size_t bytes);
  void probe_arrived();
  bool is_idle() const;
  std::shared_ptr<Connection> connection_of_session() const;
  asio::awaitable<void> probe_when_idle(std::shared_ptr<Connection> connection);
  void go_back(std::uint64_t sequence);
  void run();
  void send_queued();
  std::optional<Job> next_job();
  bool window_open() const;
  Encoder& encoder_for(const Job& job);
  Message encode_frame(Job& job);

  Options options_;
  Handlers handlers_;
  Connector connector_;
  // The io_context's thread's.
  std::uint64_t expected_ = 0;   ///< instance; 0: any
  std::uint64_t connected_ = 0;  ///< instance of the peer of the session; 0: none

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<OutgoingFrame> queue_;
  std::deque<Unacknowledged> unacknowledged_;
  std::size_t sent_ = 0;  ///< how many of unacknowledged_ went over the current connection
  std::uint64_t next_sequence_ = 1;
  std::uint64_t generation_ = 0;  ///< changes when what was sent is worth nothing any more
  bool restart_ = true;
  int window_frames_ = 1;
  // How fast messages reach the receiver: bytes and the time until they were acknowledged, older ones count
  // less and less. A receiver that is slow to take frames looks like a slow link, and rightly so: then there
  // is time to compress.
  double acknowledged_bytes_ = 0;
  double acknowledged_s_ = 0;
  std::chrono::steady_clock::time_point last_acknowledgement_;
  double decompress_bytes_per_s_ = 0;  ///< measured by the receiver; 0: not yet
  TransferMeter meter_;
  std::shared_ptr<Connection> connection_;
  bool closed_ = false;

  // Only the io_context's thread touches these.
  asio::steady_timer idle_timer_;
  std::size_t probe_bytes_ = 0;  ///< of the probe that is under way; 0: none
  std::chrono::steady_clock::time_point probe_sent_;

  // Only the sending thread touches these.
  std::optional<Encoder> encoder_;
  LinkCoding encoder_coding_;
  std::map<int, Base> bases_;
  std::thread thread_;
};

}  // namespace edge::net
