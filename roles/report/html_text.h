// Text in HTML files. Pure function, thread-safe, no errors.
#pragma once

#include <string>
#include <string_view>

namespace edge {

/// `text` as the content of an element or of an attribute in double quotes.
std::string html_text(std::string_view text);

}  // namespace edge
