// A worker that says what a test wants: real connections, no network, no layers.
#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/link_frame.h"
#include "net/listener.h"
#include "net/measurements.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "roles/model.h"

namespace edge::test {

/// Lives on the io_context's thread. Acknowledges every frame at once and reads no pixels.
class FakeWorker {
 public:
  struct Script {
    std::function<std::optional<net::Refusal>(const net::Hello&)> judge = [](const net::Hello&) {
      return std::optional<net::Refusal>();
    };
    /// The master is there; by default it gets a profile.
    std::function<void(FakeWorker&)> master = [](FakeWorker& worker) { worker.send_profile(); };
    /// A frame came.
    std::function<void(FakeWorker&, std::uint64_t frame, const chain::FrameHeader&)> frame =
        [](FakeWorker&, std::uint64_t, const chain::FrameHeader&) {};
  };

  FakeWorker(asio::io_context& context, const Model& model, int index, Script script, std::uint16_t port = 0)
      : model_(model),
        decoders_(model.graph),
        index_(index),
        script_(std::move(script)),
        identity_(make_identity("worker", index, model)),
        listener_(context, "127.0.0.1", port, identity_, 4, {},
                  {.judge = [this](const net::Hello& hello) { return script_.judge(hello); },
                   .session = [this](auto connection, auto hello) { return serve(connection, hello); }}) {
    listener_.start();
  }

  std::uint16_t port() const { return listener_.port(); }
  const net::Identity& identity() const { return identity_; }
  /// Of the master's.
  int open_connections() const { return *open_connections_; }

  /// To the master, if it is there.
  void send(net::Message message) {
    if (master_) master_->send(std::move(message));
  }
  void send_profile(double seconds = 1e-3) {
    send(chain::profile_message(std::vector<double>(static_cast<std::size_t>(model_.graph.size()), seconds)));
  }
  void send_result(std::uint64_t frame, const chain::RunId& run, std::uint32_t checksum = 0) {
    send(chain::pack(chain::Result{.frame = frame, .run = run, .checksum = checksum}, {}));
  }
  void send_objects(std::uint64_t frame, const chain::RunId& run, std::vector<detection::Detection> objects) {
    send(chain::pack(
        chain::Result{.frame = frame, .run = run, .has_objects = true, .objects = std::move(objects)}, {}));
  }
  /// Result bytes that are no output of the network.
  void send_damaged_result(std::uint64_t frame, const chain::RunId& run) {
    const std::vector<std::byte> nonsense(20, std::byte{0xee});
    send(chain::pack(chain::Result{.frame = frame, .run = run}, nonsense));
  }
  /// As if the process ended; whoever calls again is served again.
  void drop_connections() {
    if (master_) master_->close();
    if (link_) link_->close();
    master_.reset();
    link_.reset();
  }

 private:
  asio::awaitable<void> serve(std::shared_ptr<net::Connection> connection, net::Hello hello) {
    connection->set_max_payload(std::max(chain::max_frame_payload(model_.graph), net::max_probe_bytes));
    if (hello.purpose == net::Purpose::control) {
      master_ = connection;
      script_.master(*this);
    } else {
      link_ = connection;
    }
    struct Open {
      explicit Open(std::shared_ptr<int> open) : count(std::move(open)) { ++*count; }
      ~Open() { --*count; }
      std::shared_ptr<int> count;
    } open(open_connections_);
    for (;;) {
      const net::Message message = (co_await connection->receive()).message;
      if (message.type == net::MessageType::probe) {
        connection->send({.type = net::MessageType::probed, .payload = {}});
      } else if (message.type == net::MessageType::frame) {
        const net::FramePayload payload = net::parse_frame(message);
        connection->send(net::pack(net::MessageType::ack, message.frame, {.sequence = payload.sequence}));
        script_.frame(*this, message.frame,
                      chain::parse_frame_header(payload.header, model_.graph,
                                                {.worker = index_, .decoders = &decoders_}));
      }  // and questions about the time stay without an answer
    }
  }

  const Model& model_;
  const detection::Decoders decoders_;
  const int index_;
  const Script script_;
  const net::Identity identity_;
  net::Listener listener_;
  /// Shared with the coroutines, which may be destroyed, with the io_context, after this object.
  std::shared_ptr<int> open_connections_ = std::make_shared<int>(0);
  std::shared_ptr<net::Connection> master_;
  std::shared_ptr<net::Connection> link_;
};

}  // namespace edge::test
