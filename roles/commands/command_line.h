// What the commands of the roles have in common: options, config, log.
#pragma once

#include <cxxopts.hpp>
#include <optional>
#include <string>
#include <vector>

#include "roles/config/config.h"

namespace edge::commands {

struct CommandLine {
  cxxopts::ParseResult parsed;
  Config config;
};

/// The log of a command: stderr, lines that begin with `process`. Throws Error: unknown level.
void set_up_log(const std::string& process, const std::string& level);

void add_common_options(cxxopts::Options& options);
void add_worker_options(cxxopts::Options& options);
void add_master_options(cxxopts::Options& options);

/// Prints the help and exits if that is asked for; otherwise loads the config, applies the common options to
/// it and sets up the log, whose lines begin with `process`. Throws Error.
CommandLine parse(cxxopts::Options& options, int argc, char** argv, const std::string& process);

/// A command that works on files, without a config: adds --help. Nothing if help was asked for and printed.
struct FileCommandLine {
  cxxopts::ParseResult parsed;
  std::vector<std::string> files;
};
std::optional<FileCommandLine> parse_files(cxxopts::Options& options, int argc, char** argv);

/// Of --trace; empty: none.
std::string trace_file(const cxxopts::ParseResult& parsed);

}  // namespace edge::commands
