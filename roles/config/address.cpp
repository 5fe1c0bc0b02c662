// host:port, with IPv6 hosts in brackets.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <string_view>

#include "engine/error.h"
#include "roles/config/config.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

bool is_ip(int family, std::string host) {
  host.resize(std::min(host.size(), host.find('%')));  // the zone of fe80::1%eth0
  std::array<unsigned char, 16> bytes{};
  return inet_pton(family, host.c_str(), bytes.data()) == 1;
}

bool is_host_name(std::string_view host) {
  const auto valid = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), valid) &&
         host.front() != '-' && host.front() != '.';
}

/// Digits and dots only: it must then be an IPv4 address, no name looks like that.
bool looks_like_ipv4(std::string_view host) {
  return host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

std::string Address::to_string() const {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Address Address::parse(const std::string& text, const std::string& what) {
  const auto fail = [&](std::string_view reason) -> Error {
    return Error(fmt::format("{}: {} {}", what, in_quotes(text), reason));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || (!text.empty() && text.back() == ']')) {
    throw fail("has no port; write host:port, for example 192.168.1.10:7701");
  }
  std::string host = text.substr(0, colon);
  const std::string_view digits = std::string_view(text).substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    const std::size_t zone = host.find('%');
    if (!is_ip(AF_INET6, host) || (zone != host.npos && !is_host_name(host.substr(zone + 1)))) {
      throw fail("is not an IPv6 address in brackets");
    }
  } else if (host.find(':') != host.npos) {
    throw fail("has more than one colon; an IPv6 address needs brackets, for example [::1]:7701");
  } else if (host.empty()) {
    throw fail("has no host; write host:port");
  } else if (!is_host_name(host) || (looks_like_ipv4(host) && !is_ip(AF_INET, host))) {
    throw fail("does not begin with an IP address or a host name");
  }
  unsigned port = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc{} || stop != end || port < 1 || port > 65535) {
    throw fail("does not end in a port from 1 to 65535");
  }
  return Address{std::move(host), static_cast<std::uint16_t>(port)};
}

}  // namespace edge
