// Exit statuses, help, and where results go.
#include <fmt/format.h>

#include <filesystem>

#include "tests/end_to_end/chain_fixture.h"

namespace edge::test {
namespace {

class CommandLine : public ChainFixture {
 protected:
  struct Ended {
    int status;
    std::string output;
    std::string errors;
  };
  Ended run(const std::vector<std::string>& command) {
    const std::string name = fmt::format("run{}", runs_++);
    const auto process = start(name, command);
    const int status = process->wait(60s);
    return {status, process->output(), process->errors()};
  }
  Ended run_edge(const std::vector<std::string>& arguments) { return run(edge_command(arguments)); }
  /// `edge ARGUMENTS` in a shell, with something behind it, such as a redirection.
  Ended run_shell(const std::vector<std::string>& arguments, const std::string& behind) {
    std::vector<std::string> command = {"bash", "-c", "set -o pipefail; \"$@\" " + behind, "bash"};
    const std::vector<std::string> edge = edge_command(arguments);
    command.insert(command.end(), edge.begin(), edge.end());
    return run(command);
  }

  static constexpr const char* commands[] = {"local", "master",  "worker",  "trainer", "trace",  "plan",
                                             "infer", "inspect", "convert", "truth",   "version"};
  int runs_ = 0;
};

TEST_F(CommandLine, UsageErrorsExitWith2AndNameWhatIsWrong) {
  const auto expect = [&](const std::vector<std::string>& arguments, const std::string& part) {
    const Ended ended = run_edge(arguments);
    EXPECT_EQ(ended.status, 2) << fmt::format("{}: {}", fmt::join(arguments, " "), ended.errors);
    EXPECT_EQ(std::count(ended.errors.begin(), ended.errors.end(), '\n'), 1) << ended.errors;
    EXPECT_NE(ended.errors.find(part), std::string::npos) << "no '" << part << "' in: " << ended.errors;
    EXPECT_EQ(ended.output, "");
  };
  const std::string config = write_config({});
  for (const std::string command : commands) {
    expect({command, "--colour"}, "--colour: unknown option of edge " + command);
  }
  expect({}, "edge help");
  expect({"mastre"}, "did you mean master?");
  expect({"help", "infre"}, "did you mean infer?");
  expect({"local", "-c", config, "--frams", "3"}, "did you mean --frames?");
  expect({"master", "-c", config, "--frames", "many"}, "--frames: must be a whole number, not 'many'");
  expect({"master", "-c", config, "--frames"}, "--frames: its value is missing");
  expect({"master", "-c", config, "--threads", "0"}, "--threads: must be 1 to 1024");
  expect({"master", "-c", config, "--addresses", "127.0.0.1:1"}, "--addresses: 1 addresses for 2 workers");
  expect({"master", "-c", config, "--addresses", "a,b"}, "--addresses");
  expect({"master", "-c", config, "extra"}, "unexpected argument 'extra'");
  expect({"local", "-c", config, "--addresses", "127.0.0.1:1,127.0.0.1:2"}, "--addresses: edge local");
  expect({"master", "-c", config, "--trace", "-"}, "--trace: name a file");
  expect({"worker", "x", "-c", config}, "worker index 'x'");
  expect({"worker", "-c", config}, "which worker");
  expect({"trace", "merge"}, "what to merge");
  expect({"plan"}, "--costs FILE, what a chain has measured");
  expect({"plan", "--costs", "c.json", "--model", "alexnet"}, "one of the two");
  expect({"plan", "--costs", "c.json", "--workers", "3"}, "--workers goes with --model");
  expect({"plan", "--model", "alexnett"}, "did you mean alexnet?");
  expect({"plan", "--costs", "c.json", "--scheduler", "data_awre"},
         "--scheduler: unknown scheduler 'data_awre'");
  expect({"plan", "--costs", "c.json", "--pending", "0"}, "--pending: must be 1 to 1000");
  expect({"plan", "--costs", "c.json", "--plan", "[[1, 2]]"}, "--plan and --scheduler fixed");
  expect({"infer", "--input", "x.npy"}, "--model is missing");
  expect({"infer", "--model", "alexnett", "--input", "x.npy"}, "did you mean alexnet?");
  expect({"infer", "--model", "alexnet", "--input", "synthetic:street", "--layers", "4-99"},
         "--layers: 4-99");
  expect({"infer", "--model", "alexnet", "--input", "x.npy", "--size", "big"}, "--size");
  expect({"inspect"}, "--model NAME");
  expect({"inspect", "--model", "alexnet", "--normalize", "other"}, "--normalize");
  expect({"inspect", "--model", "alexnet", "--plan", "[[1, 6], [8, 22]]"}, "--plan");
  expect({"truth"}, "which scene");
  expect({"truth", "synthetic:street"}, "--frames");
  expect({"convert", "one"}, "what to convert");
  expect({"convert", "one", "two", "--dtype", "f8"}, "--dtype: unknown type 'f8'");
}

TEST_F(CommandLine, HelpOfEachCommand) {
  const Ended general = run_edge({"help"});
  EXPECT_EQ(general.status, 0);
  for (const std::string command : commands) {
    EXPECT_NE(general.output.find("edge " + command), std::string::npos) << general.output;
    const Ended help = run_edge({"help", command});
    EXPECT_EQ(help.status, 0) << help.errors;
    EXPECT_NE(help.output.find("exit status:"), std::string::npos) << help.output;
    EXPECT_EQ(run_edge({command, "--help"}).output, help.output);
  }
  EXPECT_EQ(run_edge({"master", "-c", "/nowhere.toml", "--frames", "3", "-h"}).status, 0);
}

TEST_F(CommandLine, AFullStandardOutputIsAnError) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"help"},
                                             {"version"},
                                             {"infer", "--help"},
                                             {"infer", "--model", "toy_dag", "--input", "synthetic:street"},
                                             {"inspect", "--model", "toy_dag"},
                                             {"local", "-c", write_config({})}}) {
    const Ended ended = run_shell(arguments, ">/dev/full");
    EXPECT_EQ(ended.status, 1) << arguments.front() << ": " << ended.errors;
    EXPECT_NE(ended.errors.find("standard output: cannot be written: No space left on device"),
              std::string::npos)
        << ended.errors;
  }
}

TEST_F(CommandLine, AReaderThatHasSeenEnoughEndsItQuietly) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"infer", "--model", "toy_dag", "--input", "synthetic:street", "--frames", "0", "--size", "32x32"},
           {"local", "-c", write_config({.video = "synthetic:street"})}}) {
    const Ended ended = run_shell(arguments, "| head -n 2");
    EXPECT_EQ(ended.status, 141) << arguments.front() << ": " << ended.errors;
    EXPECT_EQ(json_lines(ended.output).size(), 2U);
    EXPECT_EQ(ended.errors.find("standard output"), std::string::npos) << ended.errors;
    EXPECT_EQ(ended.errors.find("error"), std::string::npos) << ended.errors;
  }
}

TEST_F(CommandLine, ClosedStandardStreams) {
  const Ended ended = run_shell({"infer", "--model", "toy_dag", "--input", "synthetic:street"}, ">&-");
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("standard output: cannot be written"), std::string::npos) << ended.errors;
  EXPECT_EQ(run_shell({"infer", "--model", "toy_dag", "--input", "-"}, "<&-").status, 1);
}

TEST_F(CommandLine, OutputsThatCannotBeWrittenAreToldBeforeAnyWork) {
  // There are no workers here: a master that looked for them would wait for ever.
  const std::string config = write_config({});
  const std::string x = (directory_.path() / "none" / "x").string();
  for (const std::string& nowhere : {x, std::string("/proc/nope")}) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"master", "-c", config, "--output", nowhere},
             {"master", "-c", config, "--trace", nowhere},
             {"worker", "0", "-c", config, "--trace", nowhere},
             {"local", "-c", config, "--output", nowhere},
             {"local", "-c", config, "--trace", nowhere},
             {"trainer", "-c", config, "--report", nowhere},
             {"infer", "--model", "toy_dag", "--input", "missing.npy", "--output", nowhere},
             {"infer", "--model", "toy_dag", "--input", "missing.npy", "--dump", nowhere},
             {"inspect", "--model", "toy_dag", "--html", nowhere},
             {"convert", "missing.pth", nowhere},
             {"trace", "merge", "missing.json", "-o", nowhere}}) {
      const Ended ended = run_edge(arguments);
      EXPECT_EQ(ended.status, 1) << arguments.front();
      EXPECT_NE(ended.errors.find(nowhere), std::string::npos) << arguments.front() << ": " << ended.errors;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "none"));
}

TEST_F(CommandLine, DevicesAndLinksStay) {
  const std::string link = (directory_.path() / "link").string();
  std::filesystem::create_symlink("/dev/null", link);
  for (const std::string& file : {std::string("/dev/null"), link}) {
    EXPECT_EQ(
        run_edge({"infer", "--model", "toy_dag", "--input", "synthetic:street", "--output", file}).status, 0);
    EXPECT_EQ(run_edge({"inspect", "--model", "toy_dag", "--html", file}).status, 0);
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
  }
}

TEST_F(CommandLine, ARestartKeepsTheResultsThatAreThere) {
  const std::string config = write_config({});
  const std::string results = (directory_.path() / "results.jsonl").string();
  const std::vector<std::string> arguments = {"local", "-c", config, "--frames", "3", "--output", results};
  for (int run = 1; run <= 2; ++run) {
    EXPECT_EQ(run_edge(arguments).status, 0);
    EXPECT_EQ(json_lines(read_file(results)).size(), 3U * static_cast<std::size_t>(run));
  }
  std::vector<std::string> overwriting = arguments;
  overwriting.push_back("--overwrite");
  EXPECT_EQ(run_edge(overwriting).status, 0);
  EXPECT_EQ(json_lines(read_file(results)).size(), 3U);
}

}  // namespace
}  // namespace edge::test
