#include "net/link_sender.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "net/thread_name.h"

namespace edge::net {

using std::chrono::steady_clock;

namespace {

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

LinkSender::LinkSender(asio::io_context& context, Options options, Handlers handlers)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      connector_(context, options_.connector,
                 {.session = [this](auto connection, auto welcome) { return session(connection, welcome); },
                  .refused = handlers_.refused}),
      thread_([this] { run(); }) {}

LinkSender::~LinkSender() {
  close();
  thread_.join();
}

void LinkSender::start() {
  connector_.start();
}

bool LinkSender::send(LinkFrame frame) {
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

asio::awaitable<void> LinkSender::session(std::shared_ptr<Connection> connection, Welcome welcome) {
  {
    const std::lock_guard lock(mutex_);
    connection_ = connection;
    window_frames_ = welcome.window_frames;
    go_back(0);
  }
  handlers_.connected();
  try {
    for (;;) handle((co_await connection->receive()).message);
  } catch (...) {
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

void LinkSender::handle(const Message& message) {
  try {
    const nlohmann::json value = from_cbor(message.payload);
    const auto sequence = value.at("sequence").get<std::uint64_t>();
    const std::lock_guard lock(mutex_);
    if (message.type == MessageType::need_full) {
      spdlog::debug("worker {} needs frame {} whole", options_.worker, message.frame);
      go_back(sequence);
      return;
    }
    if (message.type != MessageType::ack) throw ConnectionLost("it sent an unexpected message");
    decompress_bytes_per_s_ = value.at("decompress_bytes_per_s").get<double>();
    acknowledge(sequence);
    changed_.notify_all();
  } catch (const nlohmann::json::exception&) {
    throw ConnectionLost("it sent a malformed acknowledgement");
  }
}

// mutex_ is held.
void LinkSender::acknowledge(std::uint64_t sequence) {
  constexpr double older = 0.8;
  const auto now = steady_clock::now();
  while (sent_ > 0 && unacknowledged_.front().sequence <= sequence) {
    const Unacknowledged& entry = unacknowledged_.front();
    if (entry.message_bytes > 0) {
      const auto elapsed = now - std::max(entry.handed_over, last_acknowledgement_);
      acknowledged_bytes_ = older * acknowledged_bytes_ + static_cast<double>(entry.message_bytes);
      acknowledged_s_ = older * acknowledged_s_ + std::chrono::duration<double>(elapsed).count();
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
          .decompress_bytes_per_s = decompress_bytes_per_s_};
  restart_ = false;
  return job;
}

Encoder& LinkSender::encoder_for(const Job& job) {
  const FrameOptions& options = job.frame.options;
  if (!encoder_ || options.delta != encoder_options_.delta || options.compress != encoder_options_.compress) {
    encoder_.emplace(EncodeOptions{.delta = options.delta, .compress = options.compress, .speeds = {}});
    encoder_options_ = options;
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
  std::map<LayerIndex, Base> bases;
  for (const auto& [layer, elements] : job.frame.tensors) {
    const auto base = bases_.find(layer);
    encoder.encode(elements, base == bases_.end() ? nullptr : &base->second, encoded);
    if (job.frame.options.delta) bases[layer] = Base{.frame = job.frame.frame, .elements = elements};
  }
  bases_ = std::move(bases);
  for (StageReport& stage : job.frame.stages) {
    if (stage.worker == options_.sending_worker) stage.encode_s = seconds_since(start);
  }
  Message message{.type = MessageType::frame,
                  .flags = job.restart ? flag_restart : std::uint8_t{0},
                  .frame = job.frame.frame,
                  .payload = pack_frame_header(job.frame, job.sequence)};
  message.payload.insert(message.payload.end(), encoded.begin(), encoded.end());
  return message;
}

void LinkSender::run() {
  name_this_thread("send");
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

}  // namespace edge::net
