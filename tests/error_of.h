// What tests say about errors. Not thread-safe: uses GoogleTest's assertions.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/error.h"

namespace edge::test {

/// The message of the Error that it throws, which must be one printable line of moderate length; "no error"
/// without one.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_LT(message.size(), 1000U) << message;
    for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << message;
    return message;
  }
  return "no error";
}

}  // namespace edge::test
