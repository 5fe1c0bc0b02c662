#include "roles/commands/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace edge::commands {
namespace {

constexpr std::size_t line_width = 100;
/// Longer names have their explanation on the next line.
constexpr std::size_t widest_name = 26;

constexpr std::array<ExitStatus, 4> common_exit_statuses{{
    {"0", "done"},
    {"1", "failed; one line on stderr says why"},
    {"2", "a command, option or value that cannot be"},
    {"141", "whoever read the standard output has closed it"},
}};

/// `text` in lines that fit behind `indent` columns; the first one is not indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string lines;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + end > line_width) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Names on the left, explanations on the right.
std::string two_columns(const std::vector<std::pair<std::string, std::string_view>>& rows) {
  std::size_t width = 0;
  for (const auto& [name, text] : rows) {
    if (name.size() <= widest_name) width = std::max(width, name.size());
  }
  const std::size_t indent = width + 4;
  std::string out;
  for (const auto& [name, text] : rows) {
    const bool fits = name.size() <= width;
    out += fmt::format("  {:<{}}{}{}\n", name, width, fits ? "  " : "\n" + std::string(indent, ' '),
                       wrapped(text, indent));
  }
  return out;
}

std::string left_column(const Option& option) {
  const std::string letter = option.letter == 0 ? "    " : fmt::format("-{}, ", option.letter);
  return fmt::format("{}--{}{}{}", letter, option.name, option.value.empty() ? "" : " ", option.value);
}

}  // namespace

std::string general_help(std::span<const Command> commands) {
  std::vector<std::pair<std::string, std::string_view>> rows;
  for (const Command& command : commands) {
    rows.emplace_back(
        fmt::format("edge {}{}{}", command.name, command.operands.empty() ? "" : " ", command.operands),
        command.summary);
  }
  return fmt::format(
      "edge: CNN video analytics on a chain of devices\n\n{}\nOptions come behind the command; `edge help "
      "COMMAND` lists them, with examples.\nconfig.toml explains its keys; docs/ has the rest.\n",
      two_columns(rows));
}

std::string help_of(const Command& command) {
  std::string out = fmt::format("edge {}: {}\n", command.name, wrapped(command.summary, 0));
  if (!command.details.empty()) out += fmt::format("More in {}.\n", command.details);
  out += fmt::format("\nusage: edge {}{}{}{}\n", command.name, command.operands.empty() ? "" : " ",
                     command.operands, command.options.empty() ? "" : " [options]");
  std::vector<std::pair<std::string, std::string_view>> rows;
  for (const Option& option : command.options) {
    if (option.in_help) rows.emplace_back(left_column(option), option.help);
  }
  rows.emplace_back("-h, --help", "this help");
  out += "\noptions:\n" + two_columns(rows);
  if (!command.examples.empty()) out += "\nexamples:\n";
  for (const Example& example : command.examples) {
    out += fmt::format("  {}\n      {}\n", example.line, wrapped(example.does, 6));
  }
  rows.clear();
  for (const ExitStatus& common : common_exit_statuses) {
    const bool replaced = std::any_of(command.exit_statuses.begin(), command.exit_statuses.end(),
                                      [&](const ExitStatus& own) { return own.number == common.number; });
    if (!replaced) rows.emplace_back(common.number, common.meaning);
  }
  for (const ExitStatus& status : command.exit_statuses) rows.emplace_back(status.number, status.meaning);
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return std::stoi(a.first) < std::stoi(b.first); });
  return out + "\nexit status:\n" + two_columns(rows);
}

}  // namespace edge::commands
