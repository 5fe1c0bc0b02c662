// A command line, taken apart by the command's table of options. Immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roles/commands/command.h"

namespace edge::commands {

struct GivenOption {
  std::string name;
  std::string value;  ///< empty for a flag
  bool is_flag = false;
};

class Arguments {
 public:
  /// `words`: what stands behind the command's name. Options are --name VALUE, --name=VALUE and -c VALUE,
  /// anywhere before a lone --. Throws UsageError: unknown (with the option that was probably meant), or its
  /// value is missing.
  Arguments(const Command& command, std::span<const char* const> words);

  bool has(std::string_view option) const;
  /// The value that was given last. Throws UsageError: empty.
  std::optional<std::string> text(std::string_view option) const;
  std::string text(std::string_view option, std::string_view otherwise) const;
  /// All its values, also those of one that has several with commas between them. Throws UsageError: one is
  /// empty.
  std::vector<std::string> list(std::string_view option) const;
  /// Throws UsageError: not a whole number from `least` to `most`.
  std::optional<std::int64_t> number(std::string_view option, std::int64_t least, std::int64_t most) const;
  std::int64_t number(std::string_view option, std::int64_t otherwise, std::int64_t least,
                      std::int64_t most) const;
  /// Throws UsageError: not a number from `least` to `most`.
  std::optional<double> real(std::string_view option, double least, double most) const;
  const std::vector<std::string>& operands() const { return operands_; }
  /// In the order of the command line.
  const std::vector<GivenOption>& options() const { return options_; }

 private:
  void read_option(const Command& command, std::span<const char* const> words, std::size_t& position);

  std::vector<GivenOption> options_;
  std::vector<std::string> operands_;
};

}  // namespace edge::commands
