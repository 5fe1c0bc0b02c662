// One case of the instruction counts: sets it up, runs it once to warm up, then REPEATS times between two
// marks that the plugin (instruction_counter.cpp) sees. Prints the multiply-adds (or inputs) of one repeat.
// For QEMU's user mode, one thread.
//   count_kernels CASE REPEATS       CASE may be an ONNX file, FILE.onnx or FILE.onnx:ROWSxCOLUMNS
//   count_kernels --list             cases by name
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "cases.h"

namespace {

using edge::count::Case;

constexpr int mark_argument = 0x6D61726B;  // of the plugin

std::vector<Case> all_cases() {
  std::vector<Case> all = edge::count::multiplying_cases();
  for (const auto& more :
       {edge::count::streaming_cases(), edge::count::tls_cases(), edge::count::network_cases()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

edge::count::Work find(const char* name) {
  if (std::strstr(name, ".onnx") != nullptr) return edge::count::network_of_file(name);
  for (const Case& one : all_cases()) {
    if (std::strcmp(one.name, name) == 0) return one.make();
  }
  throw std::runtime_error("unknown case; see count_kernels --list");
}

}  // namespace

namespace edge::count {

/// In (-1, 1), the same everywhere, cheap to make.
std::vector<float> values(std::int64_t count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (float& value : result) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<std::int32_t>(state) >> 8) * 0x1p-23F;
  }
  return result;
}

}  // namespace edge::count

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Case& one : all_cases()) std::puts(one.name);
    return 0;
  }
  const int repeats = argc == 3 ? std::atoi(argv[2]) : 0;
  if (repeats < 1) {
    std::fputs("usage: count_kernels CASE REPEATS, count_kernels --list\n", stderr);
    return 1;
  }
  try {
    const edge::count::Work work = find(argv[1]);
    work.run();
    ::close(mark_argument);
    for (int repeat = 0; repeat < repeats; ++repeat) work.run();
    ::close(mark_argument);
    std::printf("units %lld\n", static_cast<long long>(work.units));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "count_kernels: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
