// The commands of `edge`, one file each: read their options, hand over to a role. argv[0] is the command's
// name. Each returns the exit status. Throw Error or cxxopts' exceptions: bad options, bad input.
#pragma once

namespace edge::commands {

int run_master(int argc, char** argv);
int run_worker(int argc, char** argv);
int run_trainer(int argc, char** argv);
int run_local(int argc, char** argv);
int run_plan(int argc, char** argv);
int run_convert(int argc, char** argv);
int run_infer(int argc, char** argv);
int run_inspect(int argc, char** argv);
int run_trace(int argc, char** argv);
int run_version();

}  // namespace edge::commands
