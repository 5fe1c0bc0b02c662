// Names of video sources for people: printable, short, without passwords. Thread-safe, no errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge {

/// `source` for messages: one printable line of bounded length; passwords in an
/// address as in hide_passwords().
std::string source_name(const std::string& source);

/// `text`, of ffmpeg for example, with the credentials of all addresses in it as "***": what stands between
/// "://" and '@', and the values of keys like pwd, password or token. Also those of `source`, however they
/// are quoted.
std::string hide_passwords(std::string_view text, const std::string& source = {});

/// An address whose password has a '#', '/' or '?': whoever reads it takes that for the password's end.
enum class PasswordFault : std::uint8_t {
  none,
  possible,  ///< it can be read in two ways
  certain,
};
PasswordFault password_fault(const std::string& source);
/// How to write them, for messages.
extern const char* const password_advice;

}  // namespace edge
