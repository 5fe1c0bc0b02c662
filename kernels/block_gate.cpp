// Moves a window of five rows down the picture: each row's differences are made once, added to the window's
// sums, and taken off again five rows later.
#include "kernels/block_gate.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/block_gate_variants.h"

namespace edge::kernels {
namespace {

constexpr std::size_t window = 5;
constexpr std::size_t reach = window / 2;

/// What one kind of difference (luma, red, blue) needs. A row has `reach` more elements on either side.
struct Channel {
  Channel(std::size_t columns, int shift_, int threshold_)
      : shift(shift_),
        threshold(threshold_),
        width(columns + 2 * reach),
        fresh(width),
        sums(width),
        peaks(columns) {
    for (std::vector<std::int16_t>& row : rows) row.resize(width);
  }

  int shift;      ///< so that 25 differences fit into 16 bits
  int threshold;  ///< of the sum over a window
  std::size_t width;
  std::array<std::vector<std::int16_t>, window> rows;
  std::vector<std::int16_t> fresh;  ///< the row that enters
  std::vector<std::int16_t> sums;   ///< over the rows of the window
  std::vector<std::int16_t> peaks;  ///< of each column, since the block row began
};

void repeat_edges(std::vector<std::int16_t>& row) {
  const std::size_t last = row.size() - reach - 1;
  for (std::size_t k = 0; k < reach; ++k) row[k] = row[reach];
  for (std::size_t k = last + 1; k < row.size(); ++k) row[k] = row[last];
}

class Scan {
 public:
  Scan(const BlockGateKernels& kernels, RgbPlanes picture, RgbPlanes held, std::size_t rows,
       std::size_t columns, int gate)
      : kernels_(kernels),
        picture_(picture),
        held_(held),
        rows_(rows),
        columns_(columns),
        // Luma is in eighths and halved once more: 25 * gate * 8 / 2.
        channels_{Channel(columns, 1, 100 * gate), Channel(columns, 0, 50 * gate),
                  Channel(columns, 0, 50 * gate)} {}

  void run(std::uint8_t* changed) {
    for (std::size_t k = 0; k < window; ++k) enter(k, k < reach ? 0 : k - reach);
    for (std::size_t row = 0; row < rows_; ++row) {
      if (row > 0) enter((row - 1) % window, row + reach);
      for (Channel& channel : channels_) {
        kernels_.raise_peaks(channel.sums.data(), channel.shift, columns_, channel.peaks.data());
      }
      const bool block_ends = (row + 1) % gate_block == 0 || row + 1 == rows_;
      if (block_ends) changed = judge(changed);
    }
  }

 private:
  /// Row `row` of the picture (its last one if there are no more) takes `slot` of the window.
  void enter(std::size_t slot, std::size_t row) {
    const std::size_t offset = std::min(row, rows_ - 1) * columns_;
    kernels_.difference_row({picture_.data + offset, picture_.stride}, {held_.data + offset, held_.stride},
                            columns_, channels_[0].fresh.data() + reach, channels_[1].fresh.data() + reach,
                            channels_[2].fresh.data() + reach);
    for (Channel& channel : channels_) {
      repeat_edges(channel.fresh);
      kernels_.slide(channel.fresh.data(), channel.rows[slot].data(), channel.width, channel.sums.data());
      channel.rows[slot].swap(channel.fresh);
    }
  }

  std::uint8_t* judge(std::uint8_t* changed) {
    for (std::size_t first = 0; first < columns_; first += gate_block) {
      const std::size_t last = std::min(first + gate_block, columns_);
      bool over = false;
      for (const Channel& channel : channels_) {
        for (std::size_t column = first; column < last; ++column) {
          over = over || channel.peaks[column] > channel.threshold;
        }
      }
      *changed++ = over ? 1 : 0;
    }
    for (Channel& channel : channels_) std::fill(channel.peaks.begin(), channel.peaks.end(), std::int16_t{0});
    return changed;
  }

  const BlockGateKernels& kernels_;
  RgbPlanes picture_, held_;
  std::size_t rows_, columns_;
  std::array<Channel, 3> channels_;
};

}  // namespace

Variants<BlockGateKernels> block_gate_variants() {
  static constexpr const BlockGateKernels* variants[] = {
    &block_gate_scalar,
#if defined(EDGE_HAVE_NEON)
    &block_gate_neon,
#endif
#if defined(EDGE_HAVE_AVX2)
    &block_gate_avx2,
#endif
  };
  return variants;
}

void find_changed_blocks(Isa isa, RgbPlanes picture, RgbPlanes held, std::size_t rows, std::size_t columns,
                         int gate, std::uint8_t* changed) {
  if (rows == 0 || columns == 0) return;
  Scan(variant_for(isa, block_gate_variants()), picture, held, rows, columns, gate).run(changed);
}

}  // namespace edge::kernels
