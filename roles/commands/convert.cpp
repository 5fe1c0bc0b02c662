// edge convert
#include "roles/convert.h"

#include <string>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/commands.h"
#include "roles/standard_output.h"
#include "roles/usage_error.h"

namespace edge::commands {
namespace {

int run_convert(const Arguments& arguments) {
  const std::vector<std::string>& files = arguments.operands();
  if (files.size() != 2) {
    throw UsageError("say what to convert: edge convert weights.pth weights.safetensors");
  }
  const FloatFormat format = of_option([&] { return parse_float_format(arguments.text("dtype", "f32")); });
  write_standard_output(convert_weights(files[0], files[1], format) + "\n");
  return 0;
}

}  // namespace

Command convert_command() {
  return {.name = "convert",
          .operands = "IN OUT",
          .summary = "weights to safetensors, from PyTorch's .pth or another safetensors",
          .details = "docs/weights.md",
          .options = {{.name = "dtype", .value = "TYPE", .help = "f32, f16 or bf16 (f32)"}},
          .examples = {{"edge convert resnet18.pth resnet18.safetensors --dtype f16",
                        "half the size, and used without copying"}},
          .exit_statuses = {},
          .run = run_convert};
}

}  // namespace edge::commands
