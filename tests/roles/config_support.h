// Configs that a test writes, and what is said of them.
#pragma once

#include <string>

#include "engine/error.h"
#include "roles/config/config.h"

namespace edge::test {

inline const std::string config_of_two_workers =
    "[[workers]]\naddress = '127.0.0.1:7701'\n"
    "[[workers]]\naddress = '127.0.0.1:7702'\n";

/// How parse_config() refuses `text`.
inline std::string message_of(const std::string& text) {
  try {
    parse_config(text, "config.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// `text` follows two valid workers, so its first line is line 5.
inline std::string message_after_workers(const std::string& text) {
  return message_of(config_of_two_workers + text);
}

}  // namespace edge::test
