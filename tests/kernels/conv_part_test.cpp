// PackedConv2d::run_part: changes of an input are seen where conv_reach() says, and making only that gives
// the bits of the whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/winograd.h"
#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {
namespace {

using test::GuardedFloats;
using test::random_floats;
using test::same_bits;
using Random = std::mt19937;

std::int64_t draw(Random& random, int least, int most) {
  return least + static_cast<std::int64_t>(random() % static_cast<unsigned>(most - least + 1));
}

std::string text_of(const Conv2dShape& s) {
  std::ostringstream out;
  out << s.in_channels << 'x' << s.in_rows << 'x' << s.in_columns << " -> " << s.out_channels << ", kernel "
      << s.kernel_rows << 'x' << s.kernel_columns << ", stride " << s.stride_rows << ", padding "
      << s.padding_rows << ", groups " << s.groups;
  return out.str();
}

/// Changes the pixels of some rectangles, all channels or one, and marks them.
DirtyMap change(Random& random, const Conv2dShape& shape, std::vector<float>& image) {
  DirtyMap map(shape.in_rows, shape.in_columns);
  const std::int64_t areas = draw(random, 1, 3);
  for (std::int64_t i = 0; i < areas; ++i) {
    const std::int64_t row = draw(random, 0, static_cast<int>(shape.in_rows) - 1);
    const std::int64_t column = draw(random, 0, static_cast<int>(shape.in_columns) - 1);
    const std::int64_t rows =
        draw(random, 1, static_cast<int>(std::min<std::int64_t>(shape.in_rows - row, 6)));
    const std::int64_t columns =
        draw(random, 1, static_cast<int>(std::min<std::int64_t>(shape.in_columns - column, 6)));
    const std::int64_t only =
        random() % 2 == 0 ? -1 : draw(random, 0, static_cast<int>(shape.in_channels) - 1);
    for (std::int64_t y = row; y < row + rows; ++y) {
      map.mark(y, column, columns);
      for (std::int64_t channel = 0; channel < shape.in_channels; ++channel) {
        if (only >= 0 && channel != only) continue;
        for (std::int64_t x = column; x < column + columns; ++x) {
          const std::int64_t at = (channel * shape.in_rows + y) * shape.in_columns + x;
          image[static_cast<std::size_t>(at)] = static_cast<float>(draw(random, -1000, 1000)) / 999.0F;
        }
      }
    }
  }
  return map;
}

class Part {
 public:
  Part(const Conv2dShape& shape, Isa isa, std::uint32_t seed)
      : shape_(shape),
        weights_(random_floats(shape.out_channels * (shape.in_channels / shape.groups) * shape.kernel_rows *
                                   shape.kernel_columns,
                               seed)),
        bias_(random_floats(shape.out_channels, seed + 1)),
        residual_(random_floats(shape.out_channels * shape.out_rows() * shape.out_columns(), seed + 2)),
        packed_(shape, weights_.data(), isa) {}

  bool can() const { return packed_.can_run_part(); }
  bool pools() const { return packed_.fusions().max_pool; }

  std::vector<float> whole(const std::vector<float>& image, const Epilogue& epilogue, bool max_pool) {
    ThreadPool pool(1);
    std::vector<float> out(out_floats(max_pool));
    std::vector<float> workspace(packed_.workspace_floats(1));
    if (max_pool) {
      packed_.run_pooled(image.data(), out.data(), epilogue.bias, workspace, pool);
    } else {
      packed_.run(image.data(), out.data(), epilogue, workspace, pool);
    }
    return out;
  }

  std::vector<float> part(const std::vector<float>& image, const std::vector<float>& before,
                          const DirtyMap& dirty, const Epilogue& epilogue, bool max_pool, int threads) {
    ThreadPool pool(threads);
    GuardedFloats in(image);
    GuardedFloats out(before);
    GuardedFloats workspace(packed_.workspace_floats(threads));
    std::fill_n(workspace.data(), workspace.size(), std::numeric_limits<float>::quiet_NaN());
    packed_.run_part(in.data(), out.data(), dirty, epilogue, max_pool, workspace.span(), pool);
    return out.values();
  }

  Epilogue epilogue(int kind) const {
    switch (kind) {
      case 0:
        return {.bias = bias_.data(), .residual = nullptr, .activation = Activation::relu()};
      case 1:
        return {.bias = bias_.data(), .residual = residual_.data(), .activation = Activation::relu()};
      case 2:
        return {.bias = nullptr, .residual = nullptr, .activation = {}};
      default:
        return {.bias = bias_.data(),
                .residual = kind == 3 ? residual_.data() : nullptr,
                .activation = {.kind = Activation::Kind::silu}};
    }
  }

 private:
  std::size_t out_floats(bool max_pool) const {
    const std::int64_t pool = max_pool ? 2 : 1;
    return static_cast<std::size_t>(shape_.out_channels * (shape_.out_rows() / pool) *
                                    (shape_.out_columns() / pool));
  }

  Conv2dShape shape_;
  std::vector<float> weights_, bias_, residual_;
  PackedConv2d packed_;
};

void check_changes(const Conv2dShape& shape, Random& random) {
  SCOPED_TRACE(text_of(shape));
  const Reach reach = conv_reach(shape);
  for (const Isa isa : test::supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    Part conv(shape, isa, 7);
    ASSERT_TRUE(conv.can());
    std::vector<float> image = random_floats(shape.in_channels * shape.in_rows * shape.in_columns, 5);
    for (int round = 0; round < 3; ++round) {
      const std::vector<float> before = image;
      const DirtyMap changed = change(random, shape, image);
      const DirtyMap dirty = changed.spread(reach.rows, reach.columns);
      for (int kind = 0; kind < 5; ++kind) {
        const Epilogue epilogue = conv.epilogue(kind);
        const std::vector<float> expected = conv.whole(image, epilogue, false);
        ASSERT_TRUE(same_bits(
            conv.part(image, conv.whole(before, epilogue, false), dirty, epilogue, false, 1 + round),
            expected))
            << "epilogue " << kind << ", round " << round;
      }
      if (!conv.pools()) continue;
      const Epilogue pooled{
          .bias = conv.epilogue(0).bias, .residual = nullptr, .activation = Activation::relu()};
      ASSERT_TRUE(
          same_bits(conv.part(image, conv.whole(before, pooled, true), dirty, pooled, true, 1 + round),
                    conv.whole(image, pooled, true)))
          << "pooled, round " << round;
    }
  }
}

TEST(ConvPart, OfWinogradTiles) {
  Random random(1);
  const auto check = [&](std::int64_t in, std::int64_t out, std::int64_t rows, std::int64_t columns,
                         int kernel) {
    Conv2dShape shape{.in_channels = in,
                      .in_rows = rows,
                      .in_columns = columns,
                      .out_channels = out,
                      .kernel_rows = kernel,
                      .kernel_columns = kernel,
                      .padding_rows = kernel / 2,
                      .padding_columns = kernel / 2};
    ASSERT_TRUE(choose_winograd(shape).has_value()) << text_of(shape);
    check_changes(shape, random);
    shape.padding_rows = 0;
    shape.padding_columns = 0;
    if (choose_winograd(shape)) check_changes(shape, random);
  };
  check(32, 32, 30, 45, 3);
  check(40, 70, 61, 33, 3);  // many weights
  check(64, 64, 13, 14, 3);
  check(128, 144, 7, 7, 3);  // few tiles
  check(48, 48, 27, 27, 5);
}

TEST(ConvPart, OfGemmPanels) {
  Random random(2);
  for (int round = 0; round < 25; ++round) {
    Conv2dShape shape;
    shape.groups = random() % 4 == 0 ? 2 : 1;
    shape.in_channels = shape.groups * draw(random, 2, 40);
    shape.out_channels = shape.groups * draw(random, 1, 30);
    shape.in_rows = draw(random, 4, 40);
    shape.in_columns = draw(random, 4, 60);
    shape.kernel_rows = draw(random, 1, 4);
    shape.kernel_columns = draw(random, 1, 4);
    shape.stride_rows = shape.stride_columns = draw(random, 1, 3);
    shape.padding_rows = draw(random, 0, 2);
    shape.padding_columns = draw(random, 0, 2);
    shape.dilation_rows = shape.dilation_columns = random() % 4 == 0 ? 2 : 1;
    if (shape.out_rows() < 2 || shape.out_columns() < 2 || choose_winograd(shape)) continue;
    check_changes(shape, random);
  }
  check_changes({.in_channels = 3,
                 .in_rows = 40,
                 .in_columns = 700,
                 .out_channels = 20,
                 .kernel_rows = 3,
                 .kernel_columns = 3,
                 .padding_rows = 1,
                 .padding_columns = 1},
                random);  // wider than a tile
  check_changes({.in_channels = 300, .in_rows = 20, .in_columns = 31, .out_channels = 70}, random);
  check_changes({.in_channels = 3,
                 .in_rows = 96,
                 .in_columns = 130,
                 .out_channels = 24,
                 .kernel_rows = 11,
                 .kernel_columns = 11,
                 .stride_rows = 4,
                 .stride_columns = 4,
                 .padding_rows = 2,
                 .padding_columns = 2},
                random);
}

TEST(ConvPart, OfDepthwiseBands) {
  Random random(3);
  for (int round = 0; round < 16; ++round) {
    Conv2dShape shape;
    shape.in_channels = shape.groups = draw(random, 1, 20);
    shape.out_channels = shape.in_channels * (random() % 4 == 0 ? 2 : 1);
    shape.in_rows = draw(random, 6, 40);
    shape.in_columns = draw(random, 6, 60);
    shape.kernel_rows = shape.kernel_columns = random() % 2 == 0 ? 3 : 5;
    shape.stride_rows = shape.stride_columns = draw(random, 1, 2);
    shape.padding_rows = shape.padding_columns = draw(random, 0, 2);
    check_changes(shape, random);
  }
}

TEST(ConvPart, NothingDirtyWritesNothing) {
  const Conv2dShape shape{.in_channels = 32,
                          .in_rows = 20,
                          .in_columns = 20,
                          .out_channels = 32,
                          .kernel_rows = 3,
                          .kernel_columns = 3,
                          .padding_rows = 1,
                          .padding_columns = 1};
  Part conv(shape, active_isa(), 1);
  const std::vector<float> image = random_floats(32 * 400, 2);
  const std::vector<float> before(32 * 400, 42.0F);
  EXPECT_TRUE(same_bits(conv.part(image, before, DirtyMap(20, 20), conv.epilogue(0), false, 1), before));
}

TEST(ConvPart, OfNoBatchAndNoWholeImage) {
  const Conv2dShape batch{.batch = 2,
                          .in_channels = 8,
                          .in_rows = 9,
                          .in_columns = 9,
                          .out_channels = 8,
                          .kernel_rows = 2,
                          .kernel_columns = 2};
  EXPECT_FALSE(Part(batch, active_isa(), 1).can());
  const Conv2dShape whole{.in_channels = 8,
                          .in_rows = 6,
                          .in_columns = 6,
                          .out_channels = 8,
                          .kernel_rows = 6,
                          .kernel_columns = 6};
  EXPECT_FALSE(Part(whole, active_isa(), 1).can());
}

}  // namespace
}  // namespace edge::kernels
