#include "net/link_receiver.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/error_line.h"
#include "net/steady_time.h"
#include "net/thread_name.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

/// Acknowledgements are small and the window bounds them; answers to probes come as often as the peer asks.
constexpr std::size_t answer_queue_bytes = std::size_t{256} * 1024;
/// That are remembered.
constexpr std::size_t most_senders = 64;

}  // namespace

LinkReceiver::LinkReceiver(const Options& options, Handlers handlers)
    : max_payload_(std::max(options.max_payload, max_probe_bytes)),
      handlers_(std::move(handlers)),
      arrived_(most_arrived),
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
  const std::uint64_t session = ++last_session_;
  Session& current = sessions_[hello.identity.name()];  // the few names that the listener lets in
  if (current.connection) {
    current.connection->close();
    // Unacknowledged: they come again.
    arrived_.remove_if([&](const Arrived& arrived) { return arrived.session == current.number; });
  }
  current = {.connection = connection, .number = session};
  connection->set_max_payload(max_payload_);
  connection->set_max_queue(answer_queue_bytes);
  for (;;) {
    Received received = co_await connection->receive();
    if (session != sessions_[hello.identity.name()].number) {
      throw ConnectionLost("replaced by a new connection");
    }
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

std::optional<IncomingFrame> LinkReceiver::pop() {
  std::optional<Ready> ready = ready_.pop();
  if (!ready) return std::nullopt;
  ready->frame.times.wait_s = seconds(steady_clock::now() - ready->since);
  return std::move(ready->frame);
}

ArrayMap LinkReceiver::decode_arrays(const Message& message, const FramePayload& payload,
                                     const std::vector<ArraySpec>& specs) {
  if ((message.flags & flag_restart) != 0) bases_.clear();
  ArrayMap arrays;
  std::span<const std::byte> rest = payload.arrays;
  for (const ArraySpec& spec : specs) {
    const auto base = bases_.find(spec.number);
    Decoded decoded =
        decoder_.decode(rest, spec.type, spec.shape, base == bases_.end() ? nullptr : &base->second);
    rest = rest.subspan(decoded.consumed);
    arrays[spec.number] = std::move(decoded.array);
  }
  if (!rest.empty()) throw CodecError("bytes are left over behind the last array");
  bases_.clear();
  if ((message.flags & flag_bases) == 0) return arrays;
  for (const auto& [number, elements] : arrays) {
    bases_[number] = Base{.frame = message.frame, .array = elements};
  }
  return arrays;
}

void LinkReceiver::tell(TimeSpent::What what, std::uint64_t frame, steady_clock::time_point begin,
                        steady_clock::time_point end) const {
  if (handlers_.time_spent) handlers_.time_spent({.what = what, .frame = frame, .begin = begin, .end = end});
}

/// Not one that came before, over a connection that was lost before its acknowledgement was there.
bool LinkReceiver::is_new(const Arrived& arrived, std::uint64_t sequence) {
  const auto [last, first_one] = last_sequence_.try_emplace(arrived.sender_instance, sequence);
  if (!first_one && sequence <= last->second) return false;
  last->second = sequence;
  while (last_sequence_.size() > most_senders) {
    const auto other = last_sequence_.begin()->first == arrived.sender_instance
                           ? std::next(last_sequence_.begin())
                           : last_sequence_.begin();
    last_sequence_.erase(other);
  }
  return true;
}

void LinkReceiver::decode_one(const Arrived& arrived) {
  const Message& message = arrived.received.message;
  const auto start = steady_clock::now();
  if (forget_bases_.exchange(false)) bases_.clear();
  const bool restart = (message.flags & flag_restart) != 0;
  const FramePayload payload = parse_frame(message);
  const auto answer = [&](MessageType type) {
    arrived.connection->send(pack(type, message.frame,
                                  {.sequence = payload.sequence,
                                   .held_s = seconds(steady_clock::now() - arrived.at),
                                   .decompress_bytes_per_s = decoder_.decompress_speed()}));
  };
  const std::optional<std::vector<ArraySpec>> specs = handlers_.arrays_of(payload.header);
  if (!specs) return answer(MessageType::ack);
  if (restart) {
    asked_.erase(arrived.session);
    decoding_session_ = arrived.session;
    awaiting_restart_ = false;
  }
  // Our bases are those of another sender, which began anew meanwhile.
  const bool of_another = arrived.session != decoding_session_;
  if (of_another && asked_.insert(arrived.session).second) {
    if (asked_.size() > most_senders) asked_ = {arrived.session};  // most of them are long gone
    answer(MessageType::need_full);
  }
  if (of_another || awaiting_restart_) return;  // sent before the sender knew that we need a whole frame
  IncomingFrame frame{.frame = message.frame,
                      .header = {payload.header.begin(), payload.header.end()},
                      .arrays = {},
                      .times = {}};
  try {
    frame.arrays = decode_arrays(message, payload, *specs);
  } catch (const NeedFull& reason) {
    spdlog::debug("frame {}: {}", message.frame, reason.what());
    awaiting_restart_ = true;
    answer(MessageType::need_full);
    return;
  }
  if (is_new(arrived, payload.sequence)) {
    tell(TimeSpent::What::receive, message.frame, arrived.at - arrived.received.transfer, arrived.at);
    tell(TimeSpent::What::decode, message.frame, start, steady_clock::now());
    frame.times = {.bytes = message.payload.size() + header_bytes,
                   .receive_s = seconds(arrived.received.transfer),
                   .decode_s = seconds(steady_clock::now() - start),
                   .received_at = steady_seconds(arrived.at)};
    if (!ready_.push({.frame = std::move(frame), .since = steady_clock::now()})) return;
  }
  answer(MessageType::ack);
}

void LinkReceiver::give_up(Connection& connection, const std::string& reason) {
  if (lines_.admit(reason, steady_clock::now())) {
    spdlog::warn("gave up the connection of {}: {}", connection.peer(), reason);
  }
  connection.close_after_sending();
  awaiting_restart_ = true;
}

void LinkReceiver::decode_arrived() {
  while (const std::optional<Arrived> arrived = arrived_.pop()) {
    try {
      decode_one(*arrived);
    } catch (const ConnectionLost& error) {
      // Sent again, the frame would be no better.
      arrived->connection->send(pack(Refusal{.reason = error.what(), .final = true}));
      give_up(*arrived->connection, error.what());
    } catch (const Error& error) {
      give_up(*arrived->connection, error.what());
    }
  }
}

void LinkReceiver::run() {
  name_this_thread("receive");
  try {
    decode_arrived();
  } catch (const std::exception& error) {
    close();
    handlers_.failed(line_of(error));
  }
}

}  // namespace edge::net
