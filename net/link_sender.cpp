#include "net/link_sender.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <random>

#include "engine/error_line.h"
#include "net/steady_time.h"
#include "net/thread_name.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t first_probe_bytes = 16 * 1024;

steady_clock::duration duration_of(double length_s) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(length_s));
}

}  // namespace

LinkSender::LinkSender(asio::io_context& context, Options options, Handlers handlers)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      connector_(context, options_.connector,
                 {.session = [this](auto connection, auto welcome) { return session(connection, welcome); },
                  .refused = handlers_.refused,
                  .waiting = handlers_.waiting}),
      idle_timer_(context),
      thread_([this] { run(); }) {}

LinkSender::~LinkSender() {
  close();
  thread_.join();
}

void LinkSender::start() {
  connector_.start();
}

bool LinkSender::send(OutgoingFrame frame) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || queue_.size() < options_.queued_frames; });
  if (closed_) return false;
  queue_.push_back(std::move(frame));
  changed_.notify_all();
  return true;
}

void LinkSender::reset() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  unacknowledged_.clear();
  sent_ = 0;
  ++generation_;
  restart_ = true;
  changed_.notify_all();
}

void LinkSender::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  connector_.stop();
  changed_.notify_all();
}

bool LinkSender::expect(std::uint64_t instance) {
  expected_ = instance;
  if (connected_ == 0 || connected_ == expected_) return true;
  connected_ = 0;
  if (const auto connection = connection_of_session()) connection->close();
  return false;
}

asio::awaitable<void> LinkSender::session(std::shared_ptr<Connection> connection, Welcome welcome) {
  if (expected_ != 0 && welcome.identity.instance != expected_) {
    throw ConnectionLost("another process answers there than the one that the master talks to");
  }
  connected_ = welcome.identity.instance;
  {
    const std::lock_guard lock(mutex_);
    connection->set_max_queue(2 *
                              options_.max_unacknowledged_bytes);  // after going back, what was queued before
    connection_ = connection;
    window_frames_ = welcome.window_frames;
    go_back(0);
  }
  handlers_.connected();
  if (connected_ == 0) throw ConnectionLost("another process is meant");  // expect(), in that call
  asio::co_spawn(idle_timer_.get_executor(), probe_when_idle(connection), asio::detached);
  try {
    for (;;) handle((co_await connection->receive()).message);
  } catch (...) {
    idle_timer_.cancel();
    if (connected_ == welcome.identity.instance) connected_ = 0;
    const std::lock_guard lock(mutex_);
    connection_.reset();
    throw;
  }
}

// mutex_ is held.
void LinkSender::go_back(std::uint64_t sequence) {
  const auto first = std::find_if(unacknowledged_.begin(), unacknowledged_.end(),
                                  [&](const Unacknowledged& entry) { return entry.sequence >= sequence; });
  sent_ = static_cast<std::size_t>(first - unacknowledged_.begin());
  ++generation_;
  restart_ = true;
  changed_.notify_all();
}

// The coroutine ends with the connection; it lives as long as the io_context, which outlives this object's
// use.
asio::awaitable<void> LinkSender::probe_when_idle(std::shared_ptr<Connection> connection) {
  probe_bytes_ = 0;                         // one of a connection that was lost is never answered
  if (is_idle()) probe(first_probe_bytes);  // else frames tell, and it would have to wait behind them
  for (;;) {
    idle_timer_.expires_after(options_.idle_probe);
    asio::error_code error;
    co_await idle_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    if (connection_of_session() != connection) co_return;
    if (is_idle() && probe_bytes_ == 0) probe(first_probe_bytes);
  }
}

std::shared_ptr<Connection> LinkSender::connection_of_session() const {
  const std::lock_guard lock(mutex_);
  return closed_ ? nullptr : connection_;
}

bool LinkSender::is_idle() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && unacknowledged_.empty() &&
         steady_clock::now() - last_acknowledgement_ >= options_.idle_probe;
}

void LinkSender::probe(std::size_t bytes) {
  // Bytes that no tunnel can compress.
  std::vector<std::byte> payload(bytes);
  std::minstd_rand random(static_cast<unsigned>(bytes));
  for (std::byte& value : payload) value = static_cast<std::byte>(random() >> 8U);
  probe_bytes_ = bytes;
  probe_sent_ = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (connection_) connection_->send({.type = MessageType::probe, .payload = std::move(payload)});
}

void LinkSender::probe_arrived() {
  constexpr double long_enough_s = 0.05;
  const Transfer transfer{.bytes = probe_bytes_ + header_bytes,
                          .seconds = seconds(steady_clock::now() - probe_sent_)};
  const std::size_t larger = std::min(4 * probe_bytes_, max_probe_bytes);
  const bool believed = transfer.seconds >= long_enough_s || probe_bytes_ == max_probe_bytes;
  probe_bytes_ = 0;
  if (believed) {
    handlers_.probed(transfer);
  } else if (is_idle()) {  // else frames tell
    probe(larger);
  }
}

void LinkSender::handle(const Message& message) {
  if (message.type == MessageType::probed && probe_bytes_ > 0) return probe_arrived();
  if (message.type == MessageType::refusal) throw Refused(parse_refusal(message).reason);
  if (message.type != MessageType::ack && message.type != MessageType::need_full) {
    throw ConnectionLost("it sent an unexpected message");
  }
  const Acknowledgement answer = parse_acknowledgement(message);
  const std::lock_guard lock(mutex_);
  if (message.type == MessageType::need_full) {
    spdlog::debug("{} {} needs frame {} whole", options_.connector.hello.wanted_role,
                  options_.connector.hello.wanted_index, message.frame);
    go_back(answer.sequence);
    return;
  }
  decompress_bytes_per_s_ = answer.decompress_bytes_per_s;
  acknowledge(answer.sequence, answer.held_s);
  changed_.notify_all();
}

// mutex_ is held.
void LinkSender::acknowledge(std::uint64_t sequence, double held_s) {
  constexpr double older = 0.8;
  const auto now = steady_clock::now();
  while (sent_ > 0 && unacknowledged_.front().sequence <= sequence) {
    const Unacknowledged& entry = unacknowledged_.front();
    if (entry.message_bytes > 0) {
      const auto elapsed = now - std::max(entry.handed_over, last_acknowledgement_);
      acknowledged_bytes_ = older * acknowledged_bytes_ + static_cast<double>(entry.message_bytes);
      acknowledged_s_ = older * acknowledged_s_ + seconds(elapsed);
      const Transfer transfer = meter_.acknowledge(entry.message_bytes, entry.handed_over, now, held_s);
      if (handlers_.time_spent) {
        const auto arrived = now - duration_of(held_s);
        handlers_.time_spent({.what = TimeSpent::What::transfer,
                              .frame = entry.frame.frame,
                              .begin = arrived - duration_of(transfer.seconds),
                              .end = arrived});
      }
    }
    last_acknowledgement_ = now;
    unacknowledged_.pop_front();
    --sent_;
  }
}

// mutex_ is held.
bool LinkSender::window_open() const {
  if (unacknowledged_.empty()) return true;
  if (unacknowledged_.size() >= static_cast<std::size_t>(window_frames_)) return false;
  std::size_t bytes = queue_.front().bytes();
  for (const Unacknowledged& entry : unacknowledged_) bytes += entry.frame.bytes();
  return bytes <= options_.max_unacknowledged_bytes;
}

std::optional<LinkSender::Job> LinkSender::next_job() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return closed_ || (connection_ && (sent_ < unacknowledged_.size() || (!queue_.empty() && window_open())));
  });
  if (closed_) return std::nullopt;
  if (sent_ == unacknowledged_.size()) {
    unacknowledged_.push_back({.frame = std::move(queue_.front()), .sequence = next_sequence_++});
    queue_.pop_front();
    changed_.notify_all();
  }
  const Unacknowledged& entry = unacknowledged_[sent_];
  ++sent_;
  Job job{.frame = entry.frame,
          .sequence = entry.sequence,
          .generation = generation_,
          .restart = restart_,
          .connection = connection_,
          .link_bytes_per_s = acknowledged_s_ > 0 ? acknowledged_bytes_ / acknowledged_s_ : 0,
          .decompress_bytes_per_s = decompress_bytes_per_s_,
          .transfer = meter_.take()};
  restart_ = false;
  return job;
}

Encoder& LinkSender::encoder_for(const Job& job) {
  const LinkCoding& coding = job.frame.coding;
  if (!encoder_ || coding.delta != encoder_coding_.delta || coding.compress != encoder_coding_.compress) {
    encoder_.emplace(EncodeOptions{.delta = coding.delta, .compress = coding.compress, .speeds = {}});
    encoder_coding_ = coding;
  }
  if (job.link_bytes_per_s > 0) encoder_->set_link_speed(job.link_bytes_per_s);
  if (job.decompress_bytes_per_s > 0) encoder_->set_decompress_speed(job.decompress_bytes_per_s);
  return *encoder_;
}

Message LinkSender::encode_frame(Job& job) {
  const auto start = steady_clock::now();
  if (job.restart) bases_.clear();
  Encoder& encoder = encoder_for(job);
  std::vector<std::byte> encoded;
  std::map<int, Base> bases;
  for (const auto& [number, elements] : job.frame.arrays) {
    const auto base = bases_.find(number);
    encoder.encode(elements, base == bases_.end() ? nullptr : &base->second, encoded);
    if (job.frame.coding.delta) bases[number] = Base{.frame = job.frame.frame, .array = elements};
  }
  bases_ = std::move(bases);
  const auto end = steady_clock::now();
  if (handlers_.time_spent) {
    handlers_.time_spent(
        {.what = TimeSpent::What::encode, .frame = job.frame.frame, .begin = start, .end = end});
  }
  const std::vector<std::byte> header = job.frame.header(
      {.encode_s = seconds(end - start), .encode_at = steady_seconds(start), .transfer = job.transfer});
  const std::uint8_t restart = job.restart ? flag_restart : std::uint8_t{0};
  const std::uint8_t keep = job.frame.coding.delta ? flag_bases : std::uint8_t{0};
  return {.type = MessageType::frame,
          .flags = static_cast<std::uint8_t>(restart | keep),
          .frame = job.frame.frame,
          .payload = pack_frame({.sequence = job.sequence, .header = header, .arrays = encoded})};
}

void LinkSender::send_queued() {
  while (std::optional<Job> job = next_job()) {
    Message message = encode_frame(*job);
    const std::lock_guard lock(mutex_);
    // Encoded against bases that the receiver has lost meanwhile: the frame is still in unacknowledged_ and
    // comes again.
    if (job->generation != generation_) continue;
    for (Unacknowledged& entry : unacknowledged_) {
      if (entry.sequence != job->sequence) continue;
      entry.message_bytes = header_bytes + message.payload.size();
      entry.handed_over = steady_clock::now();
    }
    job->connection->send(std::move(message));
  }
}

void LinkSender::run() {
  name_this_thread("send");
  try {
    send_queued();
  } catch (const std::exception& error) {
    close();
    handlers_.failed(line_of(error));
  }
}

}  // namespace edge::net
