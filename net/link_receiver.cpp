#include "net/link_receiver.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "net/thread_name.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

double seconds(steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

LinkReceiver::LinkReceiver(const Graph& graph, int worker, TimeObserver observer)
    : graph_(graph),
      worker_(worker),
      max_payload_(std::max(max_frame_payload(graph), max_probe_bytes)),
      observer_(std::move(observer)),
      // A connection's frames within its window, and those of one that it replaced.
      arrived_(2 * static_cast<std::size_t>(window_frames)),
      ready_(1),
      decoder_(kernels::active_isa()),
      thread_([this] { run(); }) {}

LinkReceiver::~LinkReceiver() {
  close();
  thread_.join();
}

void LinkReceiver::close() {
  arrived_.close();
  ready_.close();
}

asio::awaitable<void> LinkReceiver::serve(std::shared_ptr<Connection> connection, Hello hello) {
  if (current_) current_->close();
  current_ = connection;
  const std::uint64_t session = ++session_;
  arrived_.clear();  // unacknowledged: they come again
  connection->set_max_payload(max_payload_);
  for (;;) {
    Received received = co_await connection->receive();
    if (session != session_) throw ConnectionLost("replaced by a new connection");
    if (received.message.type == MessageType::probe) {
      connection->send({.type = MessageType::probed, .payload = {}});
      continue;
    }
    if (received.message.type != MessageType::frame) throw ConnectionLost("it sent an unexpected message");
    if (!arrived_.try_push({.received = std::move(received),
                            .connection = connection,
                            .session = session,
                            .sender_instance = hello.identity.instance,
                            .at = steady_clock::now()})) {
      throw ConnectionLost("it sent more frames than its window allows");
    }
  }
}

std::optional<LinkFrame> LinkReceiver::pop() {
  std::optional<Ready> ready = ready_.pop();
  if (!ready) return std::nullopt;
  ready->frame.wait_s = seconds(steady_clock::now() - ready->since);
  return std::move(ready->frame);
}

LinkFrame LinkReceiver::decode_tensors(FrameHeader header, bool restart) {
  if (restart) bases_.clear();
  LinkFrame frame = std::move(header.frame);
  for (const LayerIndex layer : header.layers) {
    const auto base = bases_.find(layer);
    Decoded decoded = decoder_.decode(header.rest, link_type(layer), graph_.layer(layer).output_shape,
                                      base == bases_.end() ? nullptr : &base->second);
    header.rest = header.rest.subspan(decoded.consumed);
    frame.tensors[layer] = std::move(decoded.elements);
  }
  if (!header.rest.empty()) throw CodecError("bytes are left over behind the last tensor");
  bases_.clear();
  if (!frame.options.delta) return frame;
  for (const auto& [layer, elements] : frame.tensors) {
    bases_[layer] = Base{.frame = frame.frame, .elements = elements};
  }
  return frame;
}

void LinkReceiver::tell(TimeSpent::What what, std::uint64_t frame, steady_clock::time_point begin,
                        steady_clock::time_point end) const {
  if (observer_) observer_({.what = what, .frame = frame, .begin = begin, .end = end});
}

void LinkReceiver::decode_one(const Arrived& arrived) {
  const Message& message = arrived.received.message;
  const auto start = steady_clock::now();
  if (arrived.session != decoding_session_) {
    decoding_session_ = arrived.session;
    awaiting_restart_ = true;
  }
  if (forget_bases_.exchange(false)) bases_.clear();
  const bool restart = (message.flags & flag_restart) != 0;
  if (awaiting_restart_ && !restart) return;  // sent before the sender knew that we need a whole frame
  FrameHeader header = parse_frame_header(message, graph_, worker_);
  const std::uint64_t sequence = header.sequence;
  const auto answer = [&](MessageType type) {
    arrived.connection->send({.type = type,
                              .frame = message.frame,
                              .payload = to_cbor({{"sequence", sequence},
                                                  {"held_s", seconds(steady_clock::now() - arrived.at)},
                                                  {"decompress_bytes_per_s", decoder_.decompress_speed()}})});
  };
  LinkFrame frame;
  try {
    frame = decode_tensors(std::move(header), restart);
  } catch (const NeedFull& reason) {
    spdlog::debug("frame {}: {}", message.frame, reason.what());
    awaiting_restart_ = true;
    answer(MessageType::need_full);
    return;
  }
  awaiting_restart_ = false;
  const bool repeated = arrived.sender_instance == last_instance_ && sequence <= last_sequence_;
  last_instance_ = arrived.sender_instance;
  if (!repeated) {
    last_sequence_ = sequence;
    tell(TimeSpent::What::receive, message.frame, arrived.at - arrived.received.transfer, arrived.at);
    tell(TimeSpent::What::decode, message.frame, start, steady_clock::now());
    frame.stages.push_back({.worker = worker_,
                            .receive_bytes = message.payload.size() + header_bytes,
                            .receive_s = seconds(arrived.received.transfer),
                            .decode_s = seconds(steady_clock::now() - start),
                            .received_at = steady_seconds(arrived.at)});
    if (!ready_.push({.frame = std::move(frame), .since = steady_clock::now()})) return;
  }
  answer(MessageType::ack);
}

void LinkReceiver::run() {
  name_this_thread("receive");
  while (const std::optional<Arrived> arrived = arrived_.pop()) {
    try {
      decode_one(*arrived);
    } catch (const Error& error) {
      spdlog::warn("gave up the connection of {}: {}", arrived->connection->peer(), error.what());
      arrived->connection->close();
      awaiting_restart_ = true;
    }
  }
}

}  // namespace edge::net
