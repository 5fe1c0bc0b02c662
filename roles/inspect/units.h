// Numbers for people. Pure functions, thread-safe, no errors.
#pragma once

#include <cstdint>
#include <string>

namespace edge::inspect {

/// "0", "999", "1.23 k", "45.6 M", "789 G": three significant digits from 1000 on.
std::string count_text(std::int64_t count);
/// "512 B", "1.23 kB", "45.6 MB". 1 kB is 1000 bytes.
std::string byte_text(std::int64_t bytes);
/// "1 tensor", "4 tensors"
std::string plural(std::int64_t count, const std::string& thing);

}  // namespace edge::inspect
