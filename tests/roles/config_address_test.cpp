// host:port.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "roles/config/config.h"

namespace edge {
namespace {

std::string address_message(const std::string& text) {
  try {
    return Address::parse(text, "key").to_string();
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Address, RoundTrip) {
  for (const char* text :
       {"127.0.0.1:7701", "pi-1.local:1", "my_host:65535", "[::1]:7701", "[fe80::1%eth0]:80"}) {
    EXPECT_EQ(address_message(text), text);
  }
  EXPECT_EQ(Address::parse("[2001:db8::2]:80", "key").host, "2001:db8::2");
}

TEST(Address, Mistakes) {
  EXPECT_EQ(address_message("pi"), "key: 'pi' has no port; write host:port, for example 192.168.1.10:7701");
  EXPECT_EQ(address_message(""), "key: '' has no port; write host:port, for example 192.168.1.10:7701");
  EXPECT_EQ(address_message("[::1]"),
            "key: '[::1]' has no port; write host:port, for example 192.168.1.10:7701");
  EXPECT_EQ(
      address_message("::1:7701"),
      "key: '::1:7701' has more than one colon; an IPv6 address needs brackets, for example [::1]:7701");
  EXPECT_EQ(address_message(":7701"), "key: ':7701' has no host; write host:port");
  EXPECT_EQ(address_message("[::g]:7701"), "key: '[::g]:7701' is not an IPv6 address in brackets");
  EXPECT_EQ(address_message("[::1%]:7701"), "key: '[::1%]:7701' is not an IPv6 address in brackets");
  EXPECT_EQ(address_message("256.0.0.1:7701"),
            "key: '256.0.0.1:7701' does not begin with an IP address or a host name");
  EXPECT_EQ(address_message("1.2.3:7701"),
            "key: '1.2.3:7701' does not begin with an IP address or a host name");
  EXPECT_EQ(address_message("a b:7701"), "key: 'a b:7701' does not begin with an IP address or a host name");
  EXPECT_EQ(address_message("-c:7701"), "key: '-c:7701' does not begin with an IP address or a host name");
  for (const char* port : {"0", "65536", "99999999999999999999", "-1", "+1", " 1", "1 ", "0x10", ""}) {
    const std::string text = std::string("pi:") + port;
    EXPECT_EQ(address_message(text), "key: '" + text + "' does not end in a port from 1 to 65535");
  }
}

}  // namespace
}  // namespace edge
