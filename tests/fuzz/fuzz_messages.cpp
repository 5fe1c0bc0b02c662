// Everything that a peer's messages are parsed with: header, CBOR, hello, welcome, frame header, result,
// profile.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/models/models.h"
#include "net/handshake.h"
#include "net/link_frame.h"
#include "net/measurements.h"
#include "roles/chain/control_messages.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "tests/roles/detector_graph.h"

namespace {

template <typename Parse>
void attempt(Parse parse) {
  try {
    parse();
  } catch (const edge::Error&) {  // refused, as it should be
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge::net;
  static const edge::Graph graph = edge::make_model("toy_dag", {.rows = 32, .columns = 32});
  static const edge::Graph detector = edge::test::detector_graph();
  static const edge::detection::Decoders decoders(detector);
  static const auto decoder = edge::detection::make_decoder("auto", detector);
  if (size < 1) return 0;
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  if (size >= header_bytes) {
    attempt([&] {
      parse_header(std::span<const std::byte, header_bytes>(bytes, header_bytes), max_control_bytes);
    });
  }
  Message message{.type = static_cast<MessageType>(data[0]), .payload = {bytes + 1, bytes + size}};
  attempt([&] { parse_hello(message); });
  attempt([&] { parse_welcome(message); });
  attempt([&] { parse_refusal(message); });
  attempt([&] { parse_frame(message); });
  attempt([&] { parse_acknowledgement(message); });
  attempt([&] { parse_transfer(message); });
  attempt([&] { parse_clock_question(message); });
  attempt([&] { parse_clock_answer(message); });
  attempt([&] { edge::chain::parse_frame_header(message.payload, graph, {.worker = 1}); });
  attempt([&] {
    edge::chain::parse_frame_header(message.payload, detector, {.worker = 0, .decoders = &decoders});
  });
  attempt([&] { edge::chain::parse_result(message, {.graph = graph}, edge::kernels::Isa::scalar); });
  attempt([&] {
    edge::chain::parse_result(message, {.graph = detector, .decoder = decoder.get()},
                              edge::kernels::Isa::scalar);
  });
  attempt([&] { edge::chain::parse_profile(message, graph); });
  attempt([&] { edge::chain::parse_failure(message); });
  return 0;
}
