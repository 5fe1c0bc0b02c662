// Text from outside, made fit for a one-line message.
#include "roles/config/quote.h"

namespace edge {

std::string in_quotes(std::string_view text) {
  return "'" + printable(text, 60) + "'";
}

}  // namespace edge
