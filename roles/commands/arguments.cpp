#include "roles/commands/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>

#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

const Option* find_option(const Command& command, std::string_view name) {
  const auto found = std::find_if(command.options.begin(), command.options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == command.options.end() ? nullptr : &*found;
}

const Option* find_letter(const Command& command, char letter) {
  const auto found = std::find_if(command.options.begin(), command.options.end(),
                                  [&](const Option& option) { return option.letter == letter; });
  return found == command.options.end() ? nullptr : &*found;
}

/// "--frams: unknown option of edge master; did you mean --frames?"
[[noreturn]] void fail_unknown(const Command& command, std::string_view written, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Option& option : command.options) {
    if (option.in_help) names.push_back(option.name);
  }
  const std::string_view near = nearest_name(name, names);
  throw UsageError(fmt::format("{}: unknown option of edge {}; {}", printable(written, 60), command.name,
                               near.empty() ? fmt::format("edge help {} lists them", command.name)
                                            : fmt::format("did you mean --{}?", near)));
}

/// Whether a word in a value's place is rather the next option.
bool is_option(const Command& command, std::string_view word) {
  if (!word.starts_with("--")) return false;
  return find_option(command, word.substr(2, word.find('=') - 2)) != nullptr;
}

}  // namespace

Arguments::Arguments(const Command& command, std::span<const char* const> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      for (++i; i < words.size(); ++i) operands_.emplace_back(words[i]);
    } else if (word.size() > 1 && word.front() == '-') {
      read_option(command, words, i);
    } else {
      operands_.emplace_back(word);
    }
  }
  if (command.operands.empty() && !operands_.empty()) {
    throw UsageError(fmt::format("unexpected argument {}: options of edge {} begin with --",
                                 in_quotes(operands_.front()), command.name));
  }
}

void Arguments::read_option(const Command& command, std::span<const char* const> words,
                            std::size_t& position) {
  const std::string_view word = words[position];
  const bool is_long = word.starts_with("--");
  const std::size_t end = is_long ? word.find('=') : std::min<std::size_t>(2, word.size());
  const std::string_view written = word.substr(0, end);
  const Option* option = is_long ? find_option(command, written.substr(2)) : find_letter(command, word[1]);
  if (option == nullptr) fail_unknown(command, written, written.substr(is_long ? 2 : 1));
  std::optional<std::string_view> value;
  if (is_long && end != word.npos) value = word.substr(end + 1);
  if (!is_long && word.size() > 2) value = word.substr(word[2] == '=' ? 3 : 2);
  if (option->value.empty()) {
    if (value) throw UsageError(fmt::format("{}: takes no value", written));
    options_.push_back({.name = std::string(option->name), .value = "", .is_flag = true});
    return;
  }
  if (!value) {
    if (position + 1 == words.size() || is_option(command, words[position + 1])) {
      throw UsageError(fmt::format("{}: its value is missing: {} {}", written, written, option->value));
    }
    value = words[++position];
  }
  options_.push_back({.name = std::string(option->name), .value = std::string(*value), .is_flag = false});
}

bool Arguments::has(std::string_view option) const {
  return std::any_of(options_.begin(), options_.end(),
                     [&](const GivenOption& given) { return given.name == option; });
}

std::optional<std::string> Arguments::text(std::string_view option) const {
  const auto found = std::find_if(options_.rbegin(), options_.rend(),
                                  [&](const GivenOption& given) { return given.name == option; });
  if (found == options_.rend()) return std::nullopt;
  if (found->value.empty()) throw UsageError(fmt::format("--{}: must not be empty", option));
  return found->value;
}

std::string Arguments::text(std::string_view option, std::string_view otherwise) const {
  return text(option).value_or(std::string(otherwise));
}

std::vector<std::string> Arguments::list(std::string_view option) const {
  std::vector<std::string> values;
  for (const GivenOption& given : options_) {
    if (given.name != option) continue;
    for (std::size_t begin = 0; begin <= given.value.size();) {
      const std::size_t end = std::min(given.value.find(',', begin), given.value.size());
      values.push_back(given.value.substr(begin, end - begin));
      if (values.back().empty()) throw UsageError(fmt::format("--{}: must not be empty", option));
      begin = end + 1;
    }
  }
  return values;
}

std::optional<std::int64_t> Arguments::number(std::string_view option, std::int64_t least,
                                              std::int64_t most) const {
  const std::optional<std::string> written = text(option);
  if (!written) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = written->data() + written->size();
  const auto [stop, error] = std::from_chars(written->data(), end, number);
  if (stop != end || error == std::errc::invalid_argument) {
    throw UsageError(fmt::format("--{}: must be a whole number, not {}", option, in_quotes(*written)));
  }
  if (error != std::errc{} || number < least || number > most) {
    throw UsageError(most == INT64_MAX
                         ? fmt::format("--{}: must be at least {}, not {}", option, least, *written)
                         : fmt::format("--{}: must be {} to {}, not {}", option, least, most, *written));
  }
  return number;
}

std::int64_t Arguments::number(std::string_view option, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) const {
  return number(option, least, most).value_or(otherwise);
}

std::optional<double> Arguments::real(std::string_view option, double least, double most) const {
  const std::optional<std::string> written = text(option);
  if (!written) return std::nullopt;
  double number = 0;
  const char* const end = written->data() + written->size();
  const auto [stop, error] = std::from_chars(written->data(), end, number);
  if (stop != end || error != std::errc{} || !(number >= least && number <= most)) {
    throw UsageError(fmt::format("--{}: must be a number from {} to {}, not {}", option, least, most,
                                 in_quotes(*written)));
  }
  return number;
}

}  // namespace edge::commands
