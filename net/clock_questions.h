// Asks another device for the time over a control connection, again and again. On the io_context's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "net/clock_offset.h"
#include "net/connection.h"

namespace edge::net {

class ClockQuestions {
 public:
  explicit ClockQuestions(asio::io_context& context) : due_(context) {}

  /// Begins anew with a connection. stop() when it is lost.
  void start(std::shared_ptr<Connection> connection);
  void stop() { due_.cancel(); }
  /// An answer came. Throws ConnectionLost if it is malformed, or the answer to nothing that was asked.
  void take(const Message& answer);
  /// The other device's steady clock minus ours, where known.
  std::optional<double> offset_s() const { return offset_.seconds(); }

 private:
  void ask();

  asio::steady_timer due_;
  std::shared_ptr<Connection> connection_;
  std::deque<double> asked_;  ///< what has no answer so far
  ClockOffset offset_;
};

/// The other side: answers a question. Calls `offset_known` with what the master knows of this device's clock
/// minus its own. Throws ConnectionLost for any other message.
void answer_clock_question(Connection& connection, const Message& message,
                           const std::function<void(double offset_s)>& offset_known);
/// The same for a control connection on which the master sends nothing else, until it ends. Throws
/// ConnectionLost.
asio::awaitable<void> answer_clock_questions(std::shared_ptr<Connection> connection,
                                             std::function<void(double offset_s)> offset_known);

}  // namespace edge::net
