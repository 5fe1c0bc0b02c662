#include "roles/video/source_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <vector>

#include "roles/config/quote.h"

namespace edge {
namespace {

constexpr std::string_view stars = "***";
constexpr std::string_view scheme_end = "://";

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

bool is_secret_key(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  constexpr auto parts = std::to_array<std::string_view>(
      {"pass", "pwd", "psw", "token", "secret", "auth", "credential", "apikey", "api_key", "signature"});
  constexpr auto names = std::to_array<std::string_view>({"pw", "key", "sig"});
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; }) ||
         std::find(names.begin(), names.end(), lower) != names.end();
}

// What stands behind "://", cut into what may be told and what may not.
struct Credentials {
  std::string_view user_and_password;    // without the '@'; empty: none
  std::vector<std::string_view> values;  // of secret keys
  PasswordFault fault = PasswordFault::none;
};

// Where the '@' behind user and password stands in `rest`, which is all behind "://".
std::optional<std::size_t> find_at(std::string_view rest, PasswordFault& fault) {
  constexpr auto none = std::string_view::npos;
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != none) return at;
  const std::size_t colon = authority.find(':');
  if (end == none || colon == none || authority.starts_with('[')) return std::nullopt;
  // "user:pass/word@host", or "host:554/name@where", which is fine.
  const std::string_view port = authority.substr(colon + 1);
  const bool may_be_port = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::size_t at = may_be_port ? rest.substr(0, rest.find('?')).rfind('@') : rest.rfind('@');
  if (at == none) return std::nullopt;
  fault = may_be_port ? PasswordFault::possible : PasswordFault::certain;
  return at;
}

Credentials find_credentials(std::string_view rest) {
  Credentials found;
  if (const auto at = find_at(rest, found.fault)) {
    found.user_and_password = rest.substr(0, *at);
    rest.remove_prefix(*at + 1);
  }
  std::size_t equals = rest.find('=');
  while (equals != std::string_view::npos) {
    std::size_t key = equals;
    while (key > 0 && is_name_character(rest[key - 1])) --key;
    std::size_t next = equals + 1;
    if (is_secret_key(rest.substr(key, equals - key))) {
      std::size_t end = std::min(rest.find_first_of("&;/?# ,)\"'", next), rest.size());
      if (end > next && rest[end - 1] == ':') --end;  // "ADDRESS: what is wrong with it"
      if (end > next) found.values.push_back(rest.substr(next, end - next));
      next = end;
    }
    equals = rest.find('=', next);
  }
  return found;
}

void append_hidden(std::string& out, std::string_view rest) {
  const Credentials found = find_credentials(rest);
  if (!found.user_and_password.empty()) {
    out += stars;
    rest.remove_prefix(found.user_and_password.size());
  }
  for (const std::string_view value : found.values) {
    const auto before = static_cast<std::size_t>(value.data() - rest.data());
    out.append(rest.substr(0, before)).append(stars);
    rest.remove_prefix(before + value.size());
  }
  out += rest;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// An address as a whole: it may have blanks and quotes in it.
std::string hide_in_source(const std::string& source) {
  const std::size_t scheme = source.find(scheme_end);
  if (scheme == std::string::npos) return source;
  std::string hidden = source.substr(0, scheme + scheme_end.size());
  append_hidden(hidden, std::string_view(source).substr(hidden.size()));
  return hidden;
}

// Shorter ones stand in texts by chance.
constexpr std::size_t least_secret = 4;

void hide_secrets_of(const std::string& source, std::string& text) {
  const std::size_t scheme = source.find(scheme_end);
  if (scheme == std::string::npos) return;
  replace_all(text, source, hide_in_source(source));
  const Credentials secret = find_credentials(std::string_view(source).substr(scheme + scheme_end.size()));
  const auto hide = [&text](std::string_view word) {
    if (word.size() >= least_secret) replace_all(text, word, stars);
  };
  hide(secret.user_and_password);
  if (const std::size_t colon = secret.user_and_password.find(':'); colon != std::string_view::npos) {
    hide(secret.user_and_password.substr(colon + 1));
  }
  for (const std::string_view value : secret.values) hide(value);
}

}  // namespace

const char* const password_advice = "in a password write %23 for '#', %2F for '/', %3F for '?', %40 for '@'";

std::string source_name(const std::string& source) {
  constexpr std::size_t longest = 200;
  return printable(hide_in_source(source), longest);
}

std::string hide_passwords(std::string_view text, const std::string& source) {
  std::string rest(text);
  hide_secrets_of(source, rest);
  std::string out;
  std::string_view left = rest;
  for (std::size_t scheme = left.find(scheme_end); scheme != std::string_view::npos;
       scheme = left.find(scheme_end)) {
    out += left.substr(0, scheme + scheme_end.size());
    left.remove_prefix(scheme + scheme_end.size());
    const std::string_view address = left.substr(0, left.find_first_of(" \t\r\n\"'<>"));
    append_hidden(out, address);
    left.remove_prefix(address.size());
  }
  return out.append(left);
}

PasswordFault password_fault(const std::string& source) {
  const std::size_t scheme = source.find(scheme_end);
  if (scheme == std::string::npos) return PasswordFault::none;
  return find_credentials(std::string_view(source).substr(scheme + scheme_end.size())).fault;
}

}  // namespace edge
