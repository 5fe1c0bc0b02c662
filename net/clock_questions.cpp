#include "net/clock_questions.h"

#include <chrono>
#include <utility>

#include "net/link_frame.h"
#include "net/measurements.h"

namespace edge::net {
namespace {

double now_s() {
  return steady_seconds(std::chrono::steady_clock::now());
}

}  // namespace

void ClockQuestions::start(std::shared_ptr<Connection> connection) {
  connection_ = std::move(connection);
  offset_ = {};
  ask();
}

void ClockQuestions::ask() {
  // Often at first: the best of several answers counts.
  constexpr std::size_t first_answers = 8;
  connection_->send(clock_message(ClockQuestion{.asked = now_s(), .offset = offset_.seconds()}));
  due_.expires_after(offset_.samples() < first_answers ? std::chrono::milliseconds(50)
                                                       : std::chrono::seconds(2));
  due_.async_wait([this](asio::error_code error) {
    if (!error) ask();
  });
}

void ClockQuestions::take(const Message& answer) {
  const ClockAnswer parsed = parse_clock_answer(answer);
  offset_.add(parsed.asked, parsed.clock, now_s());
}

std::optional<double> answer_clock(Connection& connection, const Message& question) {
  const ClockQuestion parsed = parse_clock_question(question);
  connection.send(clock_message(ClockAnswer{.asked = parsed.asked, .clock = now_s()}));
  return parsed.offset;
}

}  // namespace edge::net
