#include "net/measurements.h"

#include <cmath>
#include <cstdint>

#include "net/whole_number.h"

namespace edge::net {
namespace {

using nlohmann::json;

constexpr double longest_s = 1e10;
/// Of a link: far beyond what exists in either direction.
constexpr double quickest_bytes_per_s = 1e15;
constexpr double slowest_bytes_per_s = 0.1;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 50U;

template <typename Parse>
auto parse(const Message& message, const char* what, Parse parse_value) {
  try {
    return parse_value(from_cbor(message.payload));
  } catch (const json::exception&) {
    throw ConnectionLost(std::string("it sent a malformed ") + what);
  }
}

double seconds(const json& value, const char* what) {
  const auto number = value.get<double>();
  if (!(std::abs(number) < longest_s)) throw ConnectionLost(std::string("it sent an impossible ") + what);
  return number;
}

}  // namespace

Message transfer_message(const LinkMeasurement& measurement) {
  return {.type = MessageType::transfer,
          .payload = to_cbor({{"to", measurement.to},
                              {"bytes", measurement.transfer.bytes},
                              {"seconds", measurement.transfer.seconds}})};
}

LinkMeasurement parse_transfer(const Message& message) {
  return parse(message, "measurement of its link", [](const json& value) {
    const Transfer transfer{.bytes = whole_number<std::uint64_t>(value.at("bytes")),
                            .seconds = seconds(value.at("seconds"), "measurement of its link")};
    const auto bytes = static_cast<double>(transfer.bytes);
    if (transfer.bytes == 0 || transfer.bytes > most_bytes ||
        !(transfer.seconds > bytes / quickest_bytes_per_s) ||
        transfer.seconds > bytes / slowest_bytes_per_s) {
      throw ConnectionLost("it sent an impossible measurement of its link");
    }
    return LinkMeasurement{.to = whole_number<int>(value.at("to")), .transfer = transfer};
  });
}

Message clock_message(const ClockQuestion& question) {
  json value = {{"asked", question.asked}};
  if (question.offset) value["offset"] = *question.offset;
  return {.type = MessageType::clock, .payload = to_cbor(value)};
}

Message clock_message(const ClockAnswer& answer) {
  return {.type = MessageType::clock, .payload = to_cbor({{"asked", answer.asked}, {"clock", answer.clock}})};
}

ClockQuestion parse_clock_question(const Message& message) {
  return parse(message, "question about time", [](const json& value) {
    ClockQuestion question{.asked = seconds(value.at("asked"), "time"), .offset = {}};
    if (value.contains("offset")) question.offset = seconds(value.at("offset"), "time");
    return question;
  });
}

ClockAnswer parse_clock_answer(const Message& message) {
  return parse(message, "time", [](const json& value) {
    return ClockAnswer{.asked = seconds(value.at("asked"), "time"),
                       .clock = seconds(value.at("clock"), "time")};
  });
}

}  // namespace edge::net
