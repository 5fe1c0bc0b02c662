// Messages that were written once, as "NAME TYPE FLAGS FRAME PAYLOAD-IN-HEX" lines, for tests that show that
// the wire stays what docs/wire.md says.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "net/message.h"

namespace edge::net::test {

using NamedMessages = std::vector<std::pair<std::string, Message>>;

inline std::string text_of(const Message& message) {
  std::ostringstream text;
  text << static_cast<int>(message.type) << ' ' << static_cast<int>(message.flags) << ' ' << message.frame
       << ' ' << std::hex << std::setfill('0');
  for (const std::byte byte : message.payload) text << std::setw(2) << std::to_integer<int>(byte);
  return text.str();
}

inline Message message_of(const std::string& text) {
  std::istringstream stream(text);
  int type = 0;
  int flags = 0;
  Message message;
  std::string hex;
  stream >> type >> flags >> message.frame >> hex;
  message.type = static_cast<MessageType>(type);
  message.flags = static_cast<std::uint8_t>(flags);
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    message.payload.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return message;
}

inline void write_golden(const std::string& file, const NamedMessages& messages) {
  std::ofstream stream(file);
  for (const auto& [name, message] : messages) stream << name << ' ' << text_of(message) << '\n';
}

inline std::map<std::string, std::string> read_golden(const std::string& file) {
  std::ifstream stream(file);
  std::map<std::string, std::string> lines;
  std::string name;
  for (std::string line; stream >> name && std::getline(stream >> std::ws, line);) lines[name] = line;
  return lines;
}

/// What is packed now is what was written then.
inline void expect_golden(const std::string& file, const NamedMessages& messages) {
  const std::map<std::string, std::string> golden = read_golden(file);
  EXPECT_EQ(golden.size(), messages.size()) << file;
  for (const auto& [name, message] : messages) {
    ASSERT_TRUE(golden.count(name)) << name;
    EXPECT_EQ(text_of(message), golden.at(name)) << name;
  }
}

}  // namespace edge::net::test
