// Who may call this device, and the keys that say so.
#include "roles/security.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "net/secret.h"
#include "net/tls_context.h"
#include "tests/captured_log.h"
#include "tests/error_of.h"
#include "tests/roles/config_support.h"

namespace edge {
namespace {

NetConfig with_secret() {
  NetConfig net;
  net.tls = std::make_shared<const net::TlsContext>(net::Secret::random());
  return net;
}

NetConfig insecure() {
  NetConfig net;
  net.insecure = true;
  return net;
}

const Address here{.host = "127.0.0.1", .port = 7701};
const Address there{.host = "192.168.1.21", .port = 7701};

TEST(Security, LoopbackIsKnownByAddressAndName) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "LocalHost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"", "0.0.0.0", "::", "192.168.1.21", "128.0.0.1", "fe80::1", "::ffff:10.0.0.1",
                           "localhost.example.org", "127.0.0.1.example.org", "pi"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Security, WithASecretItListensEverywhereOrWhereTheConfigSays) {
  const test::CapturedLog log;
  EXPECT_EQ(listen_place({}, there, {}, with_secret()), (Address{.host = "", .port = 7701}));
  EXPECT_EQ(listen_place({}, here, {}, with_secret()), (Address{.host = "", .port = 7701}));
  EXPECT_EQ(listen_place(there, here, {}, with_secret()), there);
  EXPECT_EQ(log.text(), "");
}

TEST(Security, WithoutOneItListensOnLoopbackOnly) {
  {
    const test::CapturedLog log;
    EXPECT_EQ(listen_place({}, here, {}, {}), here);
    EXPECT_EQ(listen_place(here, there, {}, {}), here) << "a tunnel's end";
    EXPECT_EQ(listen_place({}, {.host = "::1", .port = 1}, {}, {}), (Address{.host = "::1", .port = 1}));
    EXPECT_EQ(log.text(), "");
  }
  const test::CapturedLog log;
  EXPECT_EQ(listen_place({}, there, {{"address", "config.toml:7: workers[0].address"}}, {}), here);
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_TRUE(log.contains("warning: config.toml:7: workers[0].address: listens on loopback only"))
      << log.text();
  EXPECT_TRUE(log.contains("`edge secret`")) << log.text();
  const std::string message = test::error_of([] {
    listen_place(Address{.host = "0.0.0.0", .port = 7701}, there,
                 {{"listen", "config.toml:8: workers[0].listen"}}, {});
  });
  EXPECT_TRUE(message.starts_with("config.toml:8: workers[0].listen: 0.0.0.0:7701 is open to other devices"))
      << message;
}

TEST(Security, InsecureIsSaidAtEachStart) {
  const test::CapturedLog log;
  EXPECT_EQ(listen_place({}, there, {}, insecure()), (Address{.host = "", .port = 7701}));
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_TRUE(log.contains("warning: insecure = true in [net]")) << log.text();
  EXPECT_EQ(listen_place(here, there, {}, insecure()), here);
  EXPECT_EQ(log.lines().size(), 1U) << "nobody else can call";
}

TEST(Security, AMasterSaysWhenItCallsOthersInPlain) {
  Config config = parse_config(
      "[[workers]]\naddress = '127.0.0.1:7701'\n[[workers]]\naddress = '192.168.1.22:7701'\n", "config.toml");
  {
    const test::CapturedLog log;
    warn_of_plain_calls(config);
    EXPECT_TRUE(log.contains("192.168.1.22:7701 listens on its own loopback only")) << log.text();
  }
  {
    const test::CapturedLog log;
    config.net.insecure = true;
    warn_of_plain_calls(config);
    EXPECT_TRUE(log.contains("insecure = true")) << log.text();
  }
  const test::CapturedLog log;
  warn_of_plain_calls(parse_config(test::config_of_two_workers, "config.toml"));
  EXPECT_EQ(log.text(), "");
}

TEST(Security, MistakesInTheConfigNameTheKey) {
  EXPECT_EQ(test::message_after_workers("[net]\nsecret_file = ''"),
            "config.toml:6: net.secret_file: must not be empty; leave the key out for its default");
  EXPECT_EQ(test::message_after_workers("[net]\nsecret_file = 'edge.secret'\ninsecure = true"),
            "config.toml:7: net.insecure: there is a secret_file, too; remove one of the two");
  EXPECT_NE(test::message_after_workers("[net]\ninsecure = 1").find("config.toml:6: net.insecure"),
            std::string::npos);
}

TEST(Security, TheSecretIsFoundBesideTheConfig) {
  std::string name = (std::filesystem::temp_directory_path() / "edge-security-XXXXXX").string();
  const std::filesystem::path directory = mkdtemp(name.data());
  Config config = parse_config(test::config_of_two_workers + "[net]\nsecret_file = 'edge.secret'\n",
                               directory / "config.toml");
  const std::filesystem::path file = directory / "edge.secret";
  const std::string place =
      (directory / "config.toml").string() + ":6: net.secret_file: " + file.string() + ": ";
  const std::string missing = test::error_of([&] { use_secret(config.net); });
  EXPECT_TRUE(missing.starts_with(place + "No such file or directory; make it with `edge secret`"))
      << missing;
  net::Secret::random().write_new(file);
  use_secret(config.net);
  EXPECT_NE(config.net.tls, nullptr);
  EXPECT_EQ(::chmod(file.c_str(), 0644), 0);
  const std::string open = test::error_of([&] { use_secret(config.net); });
  EXPECT_TRUE(open.starts_with(place + "open to other users")) << open;
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace edge
