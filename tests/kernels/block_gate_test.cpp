// The block gate: every ISA against sums over single windows, and what it is made for: noise cancels, objects
// do not.
#include "kernels/block_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

struct Picture {
  std::size_t rows = 0, columns = 0;
  std::vector<std::uint8_t> planes = {};

  Picture(std::size_t rows_, std::size_t columns_, std::uint8_t value = 128)
      : rows(rows_), columns(columns_), planes(3 * rows_ * columns_, value) {}
  std::uint8_t& at(std::size_t plane, std::size_t row, std::size_t column) {
    return planes[(plane * rows + row) * columns + column];
  }
  int at(std::size_t plane, std::size_t row, std::size_t column) const {
    return planes[(plane * rows + row) * columns + column];
  }
  RgbPlanes view() const { return {planes.data(), rows * columns}; }
};

std::vector<std::uint8_t> changed_blocks(Isa isa, const Picture& picture, const Picture& held, int gate) {
  std::vector<std::uint8_t> changed(gate_blocks(picture.rows) * gate_blocks(picture.columns), 7);
  find_changed_blocks(isa, picture.view(), held.view(), picture.rows, picture.columns, gate, changed.data());
  return changed;
}

/// Straight from the contract; halves as the kernels do.
std::vector<std::uint8_t> by_definition(const Picture& picture, const Picture& held, int gate) {
  std::vector<std::uint8_t> changed(gate_blocks(picture.rows) * gate_blocks(picture.columns), 0);
  const auto clamped = [](std::size_t i, int k, std::size_t size) {
    return static_cast<std::size_t>(std::clamp(static_cast<int>(i) + k, 0, static_cast<int>(size) - 1));
  };
  for (std::size_t row = 0; row < picture.rows; ++row) {
    for (std::size_t column = 0; column < picture.columns; ++column) {
      int luma = 0;
      int red = 0;
      int blue = 0;
      for (int x = -2; x <= 2; ++x) {
        int luma_of_column = 0;
        for (int y = -2; y <= 2; ++y) {
          const std::size_t r = clamped(row, y, picture.rows);
          const std::size_t c = clamped(column, x, picture.columns);
          const auto difference = [&](std::size_t plane) {
            return picture.at(plane, r, c) - held.at(plane, r, c);
          };
          luma_of_column += 2 * difference(0) + 5 * difference(1) + difference(2);
          red += difference(0);
          blue += difference(2);
        }
        luma += luma_of_column >> 1;
      }
      const bool over =
          std::abs(luma) > 100 * gate || std::abs(red) > 50 * gate || std::abs(blue) > 50 * gate;
      if (over) changed[row / gate_block * gate_blocks(picture.columns) + column / gate_block] = 1;
    }
  }
  return changed;
}

TEST(BlockGate, IsWhatItsContractSays) {
  std::mt19937 random(1);
  for (const auto& [rows, columns] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {1, 40}, {3, 2}, {8, 8}, {9, 17}, {5, 33}, {16, 64}, {23, 71}, {40, 16}}) {
    for (const int strength : {2, 9, 60, 255}) {
      Picture held(rows, columns);
      for (std::uint8_t& value : held.planes) value = static_cast<std::uint8_t>(random());
      Picture picture = held;
      // A few patches that change by much or little, so that blocks of both kinds come out.
      for (int patch = 0; patch < 3; ++patch) {
        const std::size_t top = random() % rows;
        const std::size_t left = random() % columns;
        const int change = static_cast<int>(random() % static_cast<unsigned>(2 * strength + 1)) - strength;
        for (std::size_t plane = 0; plane < 3; ++plane) {
          if (random() % 2 == 0) continue;
          for (std::size_t r = top; r < std::min(rows, top + 6); ++r) {
            for (std::size_t c = left; c < std::min(columns, left + 6); ++c) {
              picture.at(plane, r, c) = static_cast<std::uint8_t>(
                  std::clamp(static_cast<const Picture&>(held).at(plane, r, c) + change, 0, 255));
            }
          }
        }
      }
      for (const int gate : {0, 1, 4, 6, 40, 255}) {
        const std::vector<std::uint8_t> expected = by_definition(picture, held, gate);
        for (const Isa isa : isas_to_test()) {
          EXPECT_EQ(changed_blocks(isa, picture, held, gate), expected)
              << isa_name(isa) << ", " << rows << "x" << columns << ", gate " << gate;
        }
      }
    }
  }
}

TEST(BlockGate, TheLargestDifferencesDoNotOverflow) {
  for (const Isa isa : isas_to_test()) {
    const Picture black(20, 40, 0);
    const Picture white(20, 40, 255);
    const std::vector<std::uint8_t> all(gate_blocks(20) * gate_blocks(40), 1);
    EXPECT_EQ(changed_blocks(isa, white, black, 127), all) << isa_name(isa);
    EXPECT_EQ(changed_blocks(isa, black, white, 254), all) << isa_name(isa);
    EXPECT_EQ(changed_blocks(isa, black, white, 255), std::vector<std::uint8_t>(all.size(), 0))
        << isa_name(isa);
  }
}

TEST(BlockGate, NoiseCancelsAFaintObjectDoesNot) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 6);
  Picture held(64, 64);
  Picture picture(64, 64);
  for (std::uint8_t& value : picture.planes)
    value = static_cast<std::uint8_t>(std::lround(128 + noise(random)));
  for (const Isa isa : isas_to_test()) {
    const std::vector<std::uint8_t> changed = changed_blocks(isa, picture, held, 6);
    EXPECT_EQ(std::count(changed.begin(), changed.end(), 1), 0) << isa_name(isa);
  }
  // Six rows of six pixels that are darker by twice the gate, less than the noise's own extremes.
  for (std::size_t row = 17; row < 23; ++row) {
    for (std::size_t column = 33; column < 39; ++column) {
      for (std::size_t plane = 0; plane < 3; ++plane) {
        std::uint8_t& value = picture.at(plane, row, column);
        value = static_cast<std::uint8_t>(value - 12);
      }
    }
  }
  for (const Isa isa : isas_to_test()) {
    const std::vector<std::uint8_t> changed = changed_blocks(isa, picture, held, 6);
    EXPECT_EQ(changed[2 * 8 + 4], 1) << isa_name(isa);
    EXPECT_EQ(std::count(changed.begin(), changed.end(), 1), 1) << isa_name(isa);
  }
}

TEST(BlockGate, SeesColoursOfTheSameBrightness) {
  Picture held(16, 16, 100);
  Picture picture = held;
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t column = 0; column < 8; ++column) {
      picture.at(0, row, column) = 120;  // 2 * 20 - 5 * 10 + 10 = 0
      picture.at(1, row, column) = 90;
      picture.at(2, row, column) = 110;
    }
  }
  for (const Isa isa : isas_to_test()) {
    EXPECT_EQ(changed_blocks(isa, picture, held, 4)[0], 1) << isa_name(isa);
  }
}

}  // namespace
}  // namespace edge::kernels
