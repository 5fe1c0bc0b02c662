// Transposed convolutions as ordinary ones of their parts: against the definition, on every ISA.
#include "kernels/conv_transpose2d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

std::vector<float> plain_floats(std::int64_t count, std::mt19937& random) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F;
  return values;
}

void check(const ConvTranspose2dShape& s, std::mt19937& random) {
  const std::vector<float> in = plain_floats(s.batch * s.in_channels * s.in_rows * s.in_columns, random);
  const std::vector<float> weights =
      plain_floats(s.in_channels * s.out_channels / s.groups * s.kernel_rows * s.kernel_columns, random);
  const std::vector<float> bias = plain_floats(s.out_channels, random);
  std::vector<float> expected(
      static_cast<std::size_t>(s.batch * s.out_channels * s.out_rows * s.out_columns));
  conv_transpose2d_reference(s, in.data(), weights.data(), bias.data(), expected.data());
  ThreadPool pool(2);
  for (const Isa isa : isas_to_test()) {
    const PackedConvTranspose2d conv(s, weights.data(), isa);
    std::vector<float> workspace(conv.workspace_floats(2) + 16);
    std::vector<float> out(expected.size(), NAN);
    conv.run(in.data(), out.data(), bias.data(), workspace, pool);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], expected[i], 2e-4)
          << isa_name(isa) << " at " << i << ", kernel " << s.kernel_rows << "x" << s.kernel_columns
          << " stride " << s.stride_rows << "x" << s.stride_columns << " padding " << s.padding_rows << "x"
          << s.padding_columns << " dilation " << s.dilation_rows;
    }
  }
}

TEST(ConvTranspose2d, RandomShapes) {
  std::mt19937 random(4);
  const auto pick = [&](std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(most - least + 1));
  };
  for (int round = 0; round < 150 && !::testing::Test::HasFatalFailure(); ++round) {
    ConvTranspose2dShape s;
    s.batch = pick(1, 2);
    s.groups = pick(0, 2) == 0 ? 2 : 1;
    s.in_channels = s.groups * pick(1, 5);
    s.out_channels = s.groups * pick(1, 5);
    s.in_rows = pick(1, 8);
    s.in_columns = pick(1, 12);
    s.kernel_rows = pick(1, 5);
    s.kernel_columns = pick(1, 5);
    s.stride_rows = pick(1, 4);
    s.stride_columns = pick(1, 4);
    s.dilation_rows = pick(1, 2);
    s.dilation_columns = pick(1, 2);
    s.padding_rows = pick(0, s.kernel_rows);
    s.padding_columns = pick(0, s.kernel_columns);
    const std::int64_t rows = (s.in_rows - 1) * s.stride_rows + s.dilation_rows * (s.kernel_rows - 1) + 1;
    const std::int64_t columns =
        (s.in_columns - 1) * s.stride_columns + s.dilation_columns * (s.kernel_columns - 1) + 1;
    s.out_rows = rows - s.padding_rows + pick(-1, 2);
    s.out_columns = columns - s.padding_columns + pick(-1, 2);
    if (s.out_rows < 1 || s.out_columns < 1) continue;
    check(s, random);
  }
}

TEST(ConvTranspose2d, AsUpsamplingNetworksHaveIt) {
  std::mt19937 random(5);
  ConvTranspose2dShape s;
  s.in_channels = 24;
  s.in_rows = 15;
  s.in_columns = 23;
  s.out_channels = 24;
  s.kernel_rows = s.kernel_columns = s.stride_rows = s.stride_columns = 2;
  s.out_rows = 30;
  s.out_columns = 46;
  check(s, random);
  s.kernel_rows = s.kernel_columns = 4;
  s.padding_rows = s.padding_columns = 1;
  check(s, random);
}

}  // namespace
}  // namespace edge::kernels
