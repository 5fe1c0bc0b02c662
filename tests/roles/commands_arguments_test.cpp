#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/change_options.h"
#include "roles/commands/commands.h"
#include "roles/commands/help.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

Command sample(std::string_view operands = "") {
  return {.name = "sample",
          .operands = operands,
          .summary = "a sample",
          .details = "",
          .options = {{.name = "config", .value = "FILE", .help = "a file", .letter = 'c'},
                      {.name = "frames", .value = "N", .help = "a number"},
                      {.name = "check", .value = "", .help = "a flag"},
                      {.name = "inner", .value = "X", .help = "not shown", .in_help = false}},
          .examples = {},
          .exit_statuses = {},
          .run = nullptr};
}

Arguments parse(const std::vector<const char*>& words, std::string_view operands = "") {
  return {sample(operands), words};
}

/// The message of the UsageError that reading `words` gives.
std::string refusal(const std::vector<const char*>& words, std::string_view operands = "") {
  try {
    parse(words, operands);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Arguments, OptionsInAllTheirSpellings) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"--config", "x.toml"}, {"--config=x.toml"}, {"-c", "x.toml"}, {"-cx.toml"}, {"-c=x.toml"}}) {
    EXPECT_EQ(parse(words).text("config"), "x.toml") << words.front();
  }
  EXPECT_TRUE(parse({"--check"}).has("check"));
  EXPECT_FALSE(parse({}).has("check"));
  EXPECT_EQ(parse({}).text("config"), std::nullopt);
  EXPECT_EQ(parse({}).text("config", "config.toml"), "config.toml");
  EXPECT_EQ(parse({"-c", "a", "-c", "b"}).text("config"), "b") << "the last one counts";
  EXPECT_EQ(parse({"--config", "-"}).text("config"), "-") << "standard input is a value";
}

TEST(Arguments, Operands) {
  const Arguments arguments = parse({"one", "--check", "two", "--", "--frames"}, "A B C");
  EXPECT_EQ(arguments.operands(), (std::vector<std::string>{"one", "two", "--frames"}));
  EXPECT_NE(refusal({"one"}).find("unexpected argument 'one'"), std::string::npos);
}

TEST(Arguments, UnknownOptionsAreNamedWithTheOneThatIsMeant) {
  EXPECT_EQ(refusal({"--frams", "3"}), "--frams: unknown option of edge sample; did you mean --frames?");
  EXPECT_EQ(refusal({"--chek=1"}), "--chek: unknown option of edge sample; did you mean --check?");
  EXPECT_EQ(refusal({"--colour"}), "--colour: unknown option of edge sample; edge help sample lists them");
  EXPECT_EQ(refusal({"-x"}), "-x: unknown option of edge sample; edge help sample lists them");
  EXPECT_EQ(refusal({"--a\nb"}).find('\n'), std::string::npos);
}

TEST(Arguments, MissingAndSuperfluousValues) {
  EXPECT_EQ(refusal({"--frames"}), "--frames: its value is missing: --frames N");
  EXPECT_EQ(refusal({"--frames", "--check"}), "--frames: its value is missing: --frames N");
  EXPECT_EQ(refusal({"-c"}), "-c: its value is missing: -c FILE");
  EXPECT_EQ(refusal({"--check=yes"}), "--check: takes no value");
  EXPECT_THROW(parse({"--config="}).text("config"), UsageError);
}

TEST(Arguments, Numbers) {
  EXPECT_EQ(parse({"--frames", "12"}).number("frames", 0, 100), 12);
  EXPECT_EQ(parse({}).number("frames", 7, 0, 100), 7);
  const auto refused = [](const char* text, std::int64_t most) {
    try {
      parse({"--frames", text}).number("frames", 1, most);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refused("x", 9), "--frames: must be a whole number, not 'x'");
  EXPECT_EQ(refused("1.5", 9), "--frames: must be a whole number, not '1.5'");
  EXPECT_EQ(refused("10", 9), "--frames: must be 1 to 9, not 10");
  EXPECT_EQ(refused("-1", INT64_MAX), "--frames: must be at least 1, not -1");
  EXPECT_EQ(refused("99999999999999999999", 9), "--frames: must be 1 to 9, not 99999999999999999999");
}

TEST(Arguments, RealNumbers) {
  EXPECT_EQ(parse({"--frames", "0.25"}).real("frames", 0, 1), 0.25);
  EXPECT_EQ(parse({}).real("frames", 0, 1), std::nullopt);
  for (const char* text : {"2", "-0.5", "nan", "x", "0.5 "}) {
    try {
      parse({"--frames", text}).real("frames", 0, 1);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), "--frames: must be a number from 0 to 1, not '" + std::string(text) + "'");
    }
  }
}

/// The command line of `edge master` or the like, with these options.
Arguments given_to(const Command& command, const std::vector<const char*>& words) {
  return {command, words};
}

TEST(ChangeOptions, StandInPlaceOfTheConfig) {
  Config config;
  const Arguments some =
      given_to(master_command(), {"--gate", "6", "--refresh", "0.5", "--keep", "1.5", "--values", "int8"});
  apply_hold(some, config.video.hold);
  apply_keep(some, config.engine);
  apply_values(some, config.net);
  EXPECT_EQ(config.video.hold.gate, 6);
  EXPECT_EQ(config.video.hold.refresh, 0.5);
  EXPECT_EQ(config.engine.keep_bytes, std::uint64_t{3} << 19);
  EXPECT_EQ(config.net.values, ValueFormat::int8);
  const Arguments none = given_to(master_command(), {});
  apply_hold(none, config.video.hold);
  apply_keep(none, config.engine);
  apply_values(none, config.net);
  EXPECT_EQ(config.video.hold.gate, 6);
  EXPECT_EQ(config.engine.keep_bytes, std::uint64_t{3} << 19);
  EXPECT_EQ(config.net.values, ValueFormat::int8);
  apply_keep(given_to(worker_command(), {"--keep", "auto"}), config.engine);
  EXPECT_FALSE(config.engine.keep_bytes);
}

TEST(ChangeOptions, ValuesThatCannotBe) {
  const auto refused = [](const std::vector<const char*>& words) -> std::string {
    Config config;
    try {
      const Arguments arguments = given_to(local_command(), words);
      apply_hold(arguments, config.video.hold);
      apply_keep(arguments, config.engine);
      apply_values(arguments, config.net);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refused({"--gate", "256"}), "--gate: must be 0 to 255, not 256");
  EXPECT_EQ(refused({"--refresh", "2"}), "--refresh: must be a number from 0 to 1, not '2'");
  EXPECT_EQ(refused({"--keep", "much"}),
            "--keep: expected \"auto\" or megabytes from 0 to 1048576, found 'much'");
  EXPECT_EQ(refused({"--keep", "-1"}),
            "--keep: expected \"auto\" or megabytes from 0 to 1048576, found '-1'");
  EXPECT_EQ(refused({"--values", "bf16"}), "--values: must be exact, float16, int8, not 'bf16'");
}

TEST(Help, SaysThatACheckThatFailsIsAnError) {
  for (const Command& command : all_commands()) {
    const bool checks =
        command.name == std::string_view("master") || command.name == std::string_view("local");
    const std::string help = help_of(command);
    EXPECT_EQ(help.find("--check found a frame") != help.npos, checks) << help;
    const std::size_t first = help.find("\n  1  ");
    ASSERT_NE(first, help.npos) << help;
    EXPECT_EQ(help.find("\n  1  ", first + 1), help.npos) << help;
  }
}

TEST(Help, SaysAllThatACommandTakes) {
  for (const Command& command : all_commands()) {
    const std::string help = help_of(command);
    for (const Option& option : command.options) {
      EXPECT_EQ(help.find("--" + std::string(option.name) + " ") != help.npos ||
                    help.find("--" + std::string(option.name) + "\n") != help.npos,
                option.in_help)
          << command.name << " --" << option.name;
    }
    EXPECT_NE(help.find("exit status:\n  0"), std::string::npos) << help;
    EXPECT_NE(help.find("usage: edge " + std::string(command.name)), std::string::npos) << help;
    if (!command.options.empty()) {
      EXPECT_NE(help.find("examples:\n  edge "), std::string::npos) << help;
    }
    for (std::size_t begin = 0, end = 0; end != help.npos; begin = end + 1) {
      end = help.find('\n', begin);
      EXPECT_LE(std::min(end, help.size()) - begin, 100U) << help.substr(begin, 120);
    }
    EXPECT_NE(general_help(all_commands()).find("edge " + std::string(command.name)), std::string::npos);
  }
}

}  // namespace
}  // namespace edge::commands
