#include "kernels/gemm_pack.h"

#include <algorithm>
#include <cstring>

namespace edge::kernels {

namespace {

/// Whole panels side by side; row after row, so that long rows are read in one go. A width known to the
/// compiler becomes vector moves.
template <int width>
void copy_rows(const float* from, std::int64_t stride, std::int64_t panel_count, std::int64_t k,
               float* panels) {
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t panel = 0; panel < panel_count; ++panel) {
      std::memcpy(panels + (panel * k + i) * width, from + i * stride + panel * width, width * sizeof(float));
    }
  }
}

void copy_rows(const float* from, std::int64_t stride, int width, std::int64_t panel_count, std::int64_t k,
               float* panels) {
  switch (width) {
    case 4:
      return copy_rows<4>(from, stride, panel_count, k, panels);
    case 6:
      return copy_rows<6>(from, stride, panel_count, k, panels);
    case 8:
      return copy_rows<8>(from, stride, panel_count, k, panels);
    case 12:
      return copy_rows<12>(from, stride, panel_count, k, panels);
    case 16:
      return copy_rows<16>(from, stride, panel_count, k, panels);
    default:
      for (std::int64_t i = 0; i < k; ++i) {
        for (std::int64_t j = 0; j < panel_count * width; ++j) {
          panels[(j / width * k + i) * width + j % width] = from[i * stride + j];
        }
      }
  }
}

/// panel[i * width + j] = from[j * stride + i], several j at a time so that both sides stay in few cache
/// lines.
void transpose(const float* from, std::int64_t stride, int count, int width, std::int64_t k, float* panel) {
  int j = 0;
  for (; j + 4 <= count; j += 4) {
    const float* row0 = from + j * stride;
    const float* row1 = row0 + stride;
    const float* row2 = row1 + stride;
    const float* row3 = row2 + stride;
    float* out = panel + j;
    for (std::int64_t i = 0; i < k; ++i, out += width) {
      out[0] = row0[i];
      out[1] = row1[i];
      out[2] = row2[i];
      out[3] = row3[i];
    }
  }
  for (; j < count; ++j) {
    for (std::int64_t i = 0; i < k; ++i) panel[i * width + j] = from[j * stride + i];
  }
}

void pack(const float* from, std::int64_t stride_k, std::int64_t stride_width, int width, int count,
          std::int64_t k, float* panel) {
  if (count < width) std::fill_n(panel, k * width, 0.0F);
  if (stride_k == 1 && stride_width != 1) return transpose(from, stride_width, count, width, k, panel);
  if (stride_width == 1 && count == width) return copy_rows(from, stride_k, width, 1, k, panel);
  for (std::int64_t i = 0; i < k; ++i) {
    for (int j = 0; j < count; ++j) panel[i * width + j] = from[i * stride_k + j * stride_width];
  }
}

}  // namespace

void pack_a_panel(const MatrixView& a, int rows, std::int64_t k, float scale, float* panel) {
  pack(a.data, a.column_stride, a.row_stride, rows, rows, k, panel);
  if (scale != 1.0F) {
    for (std::int64_t i = 0; i < k * rows; ++i) panel[i] *= scale;
  }
}

void pack_b_panel(const MatrixView& b, int nr, int columns, std::int64_t k, float* panel) {
  pack(b.data, b.row_stride, b.column_stride, nr, columns, k, panel);
}

void pack_b_panels(const MatrixView& b, int nr, std::int64_t columns, std::int64_t k, float* panels) {
  std::int64_t done = 0;
  if (b.column_stride == 1) {
    copy_rows(b.data, b.row_stride, nr, columns / nr, k, panels);
    done = columns / nr * nr;
  }
  for (; done < columns; done += nr) {
    pack_b_panel(b.at(0, done), nr, static_cast<int>(std::min<std::int64_t>(nr, columns - done)), k,
                 panels + done * k);
  }
}

}  // namespace edge::kernels
