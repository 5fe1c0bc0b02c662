#include "roles/convert.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "engine/error.h"
#include "engine/output_file.h"
#include "engine/quoted_name.h"
#include "engine/safetensors.h"
#include "engine/weight_file.h"

namespace edge {
namespace {

/// Tensors may share values, and a hostile file may have a thousand views of one large storage. Tied weights
/// double a file, float16 to float32 doubles it again.
constexpr std::uint64_t most_growth = 8;
constexpr std::uint64_t always_allowed = 1 << 20;

void check_growth(std::uint64_t written, const WeightFile& file) {
  if (written <= most_growth * file.bytes() + always_allowed) return;
  throw Error(
      fmt::format("{}: its tensors share their values so much that the result would be {} times as large",
                  file.name(), written / file.bytes()));
}

std::uint64_t bytes_of(const StoredTensor& tensor, FloatFormat format) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(tensor.shape.elements()), size_of(format), &bytes))
    return UINT64_MAX / 2;
  return bytes;
}

}  // namespace

std::string convert_weights(const std::string& from, const std::string& to, FloatFormat format) {
  OutputFile output(to);
  const WeightFile file(from);
  std::map<std::string, SafetensorsSource> tensors;
  std::vector<std::string> left_out;
  std::vector<std::string> not_finite;
  std::uint64_t written = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    if (!tensor.format) {
      left_out.push_back(tensor.name);
      continue;
    }
    if (__builtin_add_overflow(written, bytes_of(tensor, format), &written)) written = UINT64_MAX;
    check_growth(written, file);
    tensors[tensor.name] = {tensor.shape, [&file, stored = &tensor] { return file.load(*stored); }};
  }
  if (tensors.empty()) throw Error(fmt::format("{}: has no floating-point tensors", from));
  for (const auto& [name, source] : tensors) {
    if (const auto count = file.scan(*file.find(name)).not_finite; count > 0)
      not_finite.push_back(fmt::format("{} ({} values)", quoted_name(name), count));
  }
  if (!not_finite.empty()) throw Error(fmt::format("{}: infinite or NaN: {}", from, listed(not_finite)));
  save_safetensors(output, tensors, format, {{"format", "pt"}});
  std::string text = fmt::format("{}: {} tensors, {} bytes", to, tensors.size(), written);
  if (!left_out.empty()) text += fmt::format("; {} without floating-point values left out", left_out.size());
  return text;
}

FloatFormat parse_float_format(const std::string& name) {
  if (name == "f32") return FloatFormat::f32;
  if (name == "f16") return FloatFormat::f16;
  if (name == "bf16") return FloatFormat::bf16;
  throw Error(fmt::format("--dtype: unknown type '{}'; known: f32, f16, bf16", name));
}

}  // namespace edge
