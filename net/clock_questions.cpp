#include "net/clock_questions.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/measurements.h"
#include "net/steady_time.h"

namespace edge::net {
namespace {

double now_s() {
  return steady_seconds(std::chrono::steady_clock::now());
}

}  // namespace

void ClockQuestions::start(std::shared_ptr<Connection> connection) {
  connection_ = std::move(connection);
  offset_ = {};
  asked_.clear();
  ask();
}

void ClockQuestions::ask() {
  // Often at first: the best of several answers counts.
  constexpr std::size_t first_answers = 8;
  // One that answers nothing is asked no more.
  constexpr std::size_t most_open = 32;
  if (asked_.size() < most_open) {
    asked_.push_back(now_s());
    connection_->send(clock_message(ClockQuestion{.asked = asked_.back(), .offset = offset_.seconds()}));
  }
  due_.expires_after(offset_.samples() < first_answers ? std::chrono::milliseconds(50)
                                                       : std::chrono::seconds(2));
  due_.async_wait([this](asio::error_code error) {
    if (!error) ask();
  });
}

void ClockQuestions::take(const Message& answer) {
  const ClockAnswer parsed = parse_clock_answer(answer);
  // Otherwise a peer could say how long its answer took, and answer as often as it likes.
  const auto question = std::find(asked_.begin(), asked_.end(), parsed.asked);
  if (question == asked_.end()) throw ConnectionLost("it answered a question about time that was not asked");
  asked_.erase(question);
  offset_.add(parsed.asked, parsed.clock, now_s());
}

void answer_clock_question(Connection& connection, const Message& message,
                           const std::function<void(double offset_s)>& offset_known) {
  if (message.type != MessageType::clock) throw ConnectionLost("it sent an unexpected message");
  const ClockQuestion question = parse_clock_question(message);
  if (question.offset) offset_known(*question.offset);
  connection.send(clock_message(ClockAnswer{.asked = question.asked, .clock = now_s()}));
}

asio::awaitable<void> answer_clock_questions(std::shared_ptr<Connection> connection,
                                             std::function<void(double offset_s)> offset_known) {
  for (;;) {
    const Message message = (co_await connection->receive()).message;
    answer_clock_question(*connection, message, offset_known);
  }
}

}  // namespace edge::net
