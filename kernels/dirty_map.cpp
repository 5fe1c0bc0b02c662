#include "kernels/dirty_map.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "kernels/axis_reach.h"

namespace edge::kernels {

DirtyMap::DirtyMap(std::int64_t rows, std::int64_t columns)
    : rows_(rows),
      columns_(columns),
      words_per_row_(static_cast<std::size_t>((columns + word_bits - 1) / word_bits)),
      words_(static_cast<std::size_t>(rows) * words_per_row_) {}

void DirtyMap::mark(std::int64_t row, std::int64_t first_column, std::int64_t columns) {
  assert(row >= 0 && row < rows_ && first_column >= 0 && first_column + columns <= columns_);
  if (columns <= 0) return;
  const std::span<std::uint64_t> words = row_words(row);
  const auto first = static_cast<std::size_t>(first_column);
  const auto last = static_cast<std::size_t>(first_column + columns - 1);
  const std::uint64_t from_first = ~std::uint64_t{0} << (first % word_bits);
  const std::uint64_t to_last = ~std::uint64_t{0} >> (word_bits - 1 - last % word_bits);
  if (first / word_bits == last / word_bits) {
    words[first / word_bits] |= from_first & to_last;
    return;
  }
  words[first / word_bits] |= from_first;
  for (std::size_t i = first / word_bits + 1; i < last / word_bits; ++i) words[i] = ~std::uint64_t{0};
  words[last / word_bits] |= to_last;
}

void DirtyMap::mark_all() {
  for (std::int64_t row = 0; row < rows_; ++row) mark(row, 0, columns_);
}

void DirtyMap::clear() {
  std::fill(words_.begin(), words_.end(), 0);
}

DirtyMap& DirtyMap::operator|=(const DirtyMap& other) {
  assert(rows_ == other.rows_ && columns_ == other.columns_);
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

bool DirtyMap::any() const {
  return std::any_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word != 0; });
}

std::int64_t DirtyMap::count() const {
  std::int64_t sum = 0;
  for (const std::uint64_t word : words_) sum += std::popcount(word);
  return sum;
}

double DirtyMap::share() const {
  return positions() > 0 ? static_cast<double>(count()) / static_cast<double>(positions()) : 0;
}

bool DirtyMap::test(std::int64_t row, std::int64_t column) const {
  const auto at = static_cast<std::size_t>(column);
  return (row_words(row)[at / word_bits] >> (at % word_bits) & 1) != 0;
}

bool DirtyMap::any_in(const Area& area) const {
  const auto first = static_cast<std::size_t>(area.first_column);
  const auto last = static_cast<std::size_t>(area.first_column + area.columns - 1);
  const std::uint64_t from_first = ~std::uint64_t{0} << (first % word_bits);
  const std::uint64_t to_last = ~std::uint64_t{0} >> (word_bits - 1 - last % word_bits);
  for (std::int64_t row = area.first_row; row < area.first_row + area.rows; ++row) {
    const std::span<const std::uint64_t> words = row_words(row);
    for (std::size_t i = first / word_bits; i <= last / word_bits; ++i) {
      std::uint64_t word = words[i];
      if (i == first / word_bits) word &= from_first;
      if (i == last / word_bits) word &= to_last;
      if (word != 0) return true;
    }
  }
  return false;
}

std::vector<Area> DirtyMap::areas(std::int64_t step) const {
  std::vector<Area> done;
  std::vector<Area> open;  // those that the row before ends with, from left to right
  std::vector<Area> row_areas;
  for (std::int64_t row = 0; row < rows_; ++row) {
    row_areas.clear();
    for_each_run(row, [&](std::int64_t first, std::int64_t columns) {
      const std::int64_t begin = first / step * step;
      const std::int64_t end = std::min((first + columns + step - 1) / step * step, columns_);
      if (!row_areas.empty() && begin <= row_areas.back().first_column + row_areas.back().columns) {
        row_areas.back().columns = end - row_areas.back().first_column;
      } else {
        row_areas.push_back({row, 1, begin, end - begin});
      }
    });
    // An open area goes on if the same columns are marked again; both lists ascend.
    std::size_t next = 0;
    for (Area& area : row_areas) {
      while (next < open.size() && open[next].first_column < area.first_column) done.push_back(open[next++]);
      if (next < open.size() && open[next].first_column == area.first_column &&
          open[next].columns == area.columns) {
        area.first_row = open[next].first_row;
        area.rows = open[next].rows + 1;
        ++next;
      }
    }
    while (next < open.size()) done.push_back(open[next++]);
    open.swap(row_areas);
  }
  done.insert(done.end(), open.begin(), open.end());
  return done;
}

DirtyMap DirtyMap::spread(const AxisReach& rows, const AxisReach& columns) const {
  assert(rows.in() == rows_ && columns.in() == columns_);
  DirtyMap across(rows_, columns.out());  // rows of the input, columns of the output
  for (std::int64_t row = 0; row < rows_; ++row) {
    for_each_run(row, [&](std::int64_t first, std::int64_t count) {
      const AxisReach::Window reached = columns.reached(first, first + count - 1);
      across.mark(row, reached.begin, reached.end - reached.begin);
    });
  }
  DirtyMap result(rows.out(), columns.out());
  for (std::int64_t row = 0; row < rows.out(); ++row) {
    const AxisReach::Window window = rows.window(row);
    const std::span<std::uint64_t> to = result.row_words(row);
    for (std::int64_t from = window.begin; from < window.end; ++from) {
      const std::span<const std::uint64_t> words = std::as_const(across).row_words(from);
      for (std::size_t i = 0; i < to.size(); ++i) to[i] |= words[i];
    }
  }
  return result;
}

}  // namespace edge::kernels
