// What a command of `edge` is: a table of its options, examples, and the function that does it. Immutable.
#pragma once

#include <string_view>
#include <vector>

namespace edge::commands {

class Arguments;

struct Option {
  std::string_view name;   ///< without dashes
  std::string_view value;  ///< what stands for its value in the help, such as FILE; empty: a flag
  std::string_view help;
  char letter = 0;      ///< 'c' for "-c"; 0: none
  bool in_help = true;  ///< false: between processes of `edge` only
};

struct Example {
  std::string_view line;
  std::string_view does;
};

struct ExitStatus {
  std::string_view number;
  std::string_view meaning;
};

struct Command {
  std::string_view name;
  std::string_view operands;  ///< behind the options, as in the help: "IN OUT"; empty: none are taken
  std::string_view summary;   ///< a line, beginning with a small letter
  std::string_view details;   ///< which page of docs/ has more
  std::vector<Option> options;
  std::vector<Example> examples;
  std::vector<ExitStatus> exit_statuses;  ///< besides, or in place of, those of every command (help.h)
  /// Returns the exit status. Throws Error (UsageError for what options ask) or ClosedPipe.
  int (*run)(const Arguments& arguments);
};

}  // namespace edge::commands
