#include "net/handshake.h"

#include <gtest/gtest.h>

namespace edge::net {
namespace {

Identity worker(int index) {
  return {.role = "worker",
          .index = index,
          .instance = 7,
          .software_version = "1.0",
          .model_hash = "aaaa",
          .model = "alexnet",
          .isa = "avx2"};
}

Hello hello_to_worker(int index) {
  return {.identity = {.role = "master",
                       .instance = 9,
                       .software_version = "1.0",
                       .model_hash = "aaaa",
                       .model = "alexnet",
                       .isa = "neon"},
          .purpose = Purpose::link,
          .wanted_role = "worker",
          .wanted_index = index};
}

TEST(Handshake, RoundTrips) {
  const Hello hello = parse_hello(pack(hello_to_worker(2)));
  EXPECT_EQ(hello.identity.name(), "master");
  EXPECT_EQ(hello.identity.instance, 9U);
  EXPECT_EQ(hello.purpose, Purpose::link);
  EXPECT_EQ(hello.wanted_index, 2);
  const Welcome welcome = parse_welcome(pack(Welcome{.identity = worker(3), .window_frames = 4}));
  EXPECT_EQ(welcome.identity.name(), "worker 3");
  EXPECT_EQ(welcome.window_frames, 4);
  const Refusal refusal = parse_refusal(pack(Refusal{.reason = "busy", .final = false}));
  EXPECT_EQ(refusal.reason, "busy");
  EXPECT_FALSE(refusal.final);
}

TEST(Handshake, TextsOfStrangersArePrintableAndShort) {
  Hello stranger = hello_to_worker(1);
  stranger.identity.role = "master\n[info] worker 0 is here\x1b[2J";
  stranger.identity.model = std::string(50000, 'x');
  stranger.wanted_role = std::string(5000, '\n');
  const Hello hello = parse_hello(pack(stranger));
  EXPECT_EQ(hello.identity.name(), "master\\n[info] worker 0 is here\\x1b[2J");
  EXPECT_LT(hello.identity.model.size(), 300U);
  EXPECT_LT(check_hello(hello, worker(1))->reason.size(), 600U);
  EXPECT_EQ(parse_refusal(pack(Refusal{.reason = "a\nb"})).reason, "a\\nb");
}

TEST(Handshake, MismatchesAreExplained) {
  EXPECT_FALSE(check_hello(hello_to_worker(1), worker(1)));
  EXPECT_EQ(check_hello(hello_to_worker(0), worker(1))->reason,
            "this is worker 1, not worker 0: check the addresses in the config");
  Hello other = hello_to_worker(1);
  other.identity.software_version = "0.9";
  EXPECT_EQ(check_hello(other, worker(1))->reason,
            "worker 1 runs edge 1.0, master runs edge 0.9: install the same version on all devices");
  other = hello_to_worker(1);
  other.identity.model_hash = "bbbb";
  other.identity.model = "vgg16";
  EXPECT_EQ(check_hello(other, worker(1))->reason,
            "worker 1 runs alexnet (aaaa), master runs vgg16 (bbbb): use the same [model] on all devices; "
            "they differ in name");
}

TEST(Handshake, MalformedIsAnErrorAndUnknownKeysAreNot) {
  nlohmann::json value = from_cbor(pack(hello_to_worker(0)).payload);
  value["new_key"] = "ignored";
  EXPECT_NO_THROW(parse_hello({.type = MessageType::hello, .payload = to_cbor(value)}));
  for (const char* key : {"identity", "purpose", "wanted_role", "wanted_index", "timeout_s"}) {
    nlohmann::json broken = value;
    broken.erase(key);
    EXPECT_THROW(parse_hello({.type = MessageType::hello, .payload = to_cbor(broken)}), ConnectionLost)
        << key;
    broken[key] = nlohmann::json::array();
    EXPECT_THROW(parse_hello({.type = MessageType::hello, .payload = to_cbor(broken)}), ConnectionLost)
        << key;
  }
  EXPECT_THROW(parse_hello(pack(Refusal{})), ConnectionLost);
  EXPECT_THROW(parse_welcome(pack(Welcome{.identity = worker(0), .window_frames = 0})), ConnectionLost);
}

}  // namespace
}  // namespace edge::net
