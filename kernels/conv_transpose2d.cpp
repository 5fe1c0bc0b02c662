#include "kernels/conv_transpose2d.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/conv2d.h"

namespace edge::kernels {
namespace {

/// The outputs first, first + stride, ... of one axis: output number q is the sum over t of in[first_in + q +
/// t] x the kernel's tap taps[t]. A position of the input outside of it counts as 0.
struct Phase {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t first_in = 0;       ///< may be negative
  std::vector<std::int64_t> taps;  ///< of the kernel; -1: none, where dilation leaves gaps
};

struct Axis {
  std::int64_t in, out, kernel, stride, padding, dilation;
};

/// Output o gets kernel tap k of input i where o + padding = i stride + k dilation.
Phase phase_of(const Axis& axis, std::int64_t remainder) {
  Phase phase;
  phase.first = remainder;
  phase.count = axis.out > remainder ? (axis.out - 1 - remainder) / axis.stride + 1 : 0;
  if (phase.count == 0) return phase;
  const std::int64_t position = remainder + axis.padding;
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;  // input of output 0, tap
  for (std::int64_t k = 0; k < axis.kernel; ++k) {
    const std::int64_t rest = position - k * axis.dilation;
    if (rest % axis.stride == 0) pairs.emplace_back(rest / axis.stride, k);
  }
  if (pairs.empty()) return phase;
  std::sort(pairs.begin(), pairs.end());
  phase.first_in = pairs.front().first;
  phase.taps.assign(static_cast<std::size_t>(pairs.back().first - phase.first_in + 1), -1);
  for (const auto& [input, tap] : pairs) phase.taps[static_cast<std::size_t>(input - phase.first_in)] = tap;
  return phase;
}

Axis row_axis(const ConvTranspose2dShape& shape) {
  return {shape.in_rows,     shape.out_rows,     shape.kernel_rows,
          shape.stride_rows, shape.padding_rows, shape.dilation_rows};
}

Axis column_axis(const ConvTranspose2dShape& shape) {
  return {shape.in_columns,     shape.out_columns,     shape.kernel_columns,
          shape.stride_columns, shape.padding_columns, shape.dilation_columns};
}

/// One remainder of rows and of columns, as a convolution.
struct Part {
  Phase rows;
  Phase columns;
  std::int64_t skip_rows = 0;  ///< rows of the convolution's output in front of the first that is wanted
  std::int64_t skip_columns = 0;
  std::optional<PackedConv2d> convolution;  ///< none: nothing but bias
};

/// The padding that lets a convolution begin at `first_in`: what is not negative, and what to skip else.
std::pair<std::int64_t, std::int64_t> begin_of(std::int64_t first_in) {
  return {std::max<std::int64_t>(-first_in, 0), std::max<std::int64_t>(first_in, 0)};
}

std::vector<float> part_weights(const ConvTranspose2dShape& shape, const Part& part, const float* weights) {
  const std::int64_t in_group = shape.in_channels / shape.groups;
  const std::int64_t out_group = shape.out_channels / shape.groups;
  std::vector<float> result;
  result.reserve(static_cast<std::size_t>(shape.out_channels * in_group) * part.rows.taps.size() *
                 part.columns.taps.size());
  for (std::int64_t o = 0; o < shape.out_channels; ++o) {
    for (std::int64_t i = 0; i < in_group; ++i) {
      const std::int64_t in_channel = o / out_group * in_group + i;
      const float* const kernel =
          weights + (in_channel * out_group + o % out_group) * shape.kernel_rows * shape.kernel_columns;
      for (const std::int64_t row : part.rows.taps) {
        for (const std::int64_t column : part.columns.taps) {
          result.push_back(row < 0 || column < 0 ? 0.0F : kernel[row * shape.kernel_columns + column]);
        }
      }
    }
  }
  return result;
}

Part make_part(const ConvTranspose2dShape& shape, const Phase& rows, const Phase& columns,
               const float* weights, Isa isa) {
  Part part{.rows = rows, .columns = columns, .convolution = {}};
  if (rows.taps.empty() || columns.taps.empty()) return part;
  Conv2dShape conv;
  conv.batch = shape.batch;
  conv.in_channels = shape.in_channels;
  conv.in_rows = shape.in_rows;
  conv.in_columns = shape.in_columns;
  conv.out_channels = shape.out_channels;
  conv.kernel_rows = static_cast<std::int64_t>(rows.taps.size());
  conv.kernel_columns = static_cast<std::int64_t>(columns.taps.size());
  conv.groups = shape.groups;
  std::tie(conv.padding_rows, part.skip_rows) = begin_of(rows.first_in);
  std::tie(conv.padding_columns, part.skip_columns) = begin_of(columns.first_in);
  // As many outputs as are wanted, behind those to skip.
  conv.extra_rows =
      part.skip_rows + rows.count + conv.kernel_rows - 1 - shape.in_rows - 2 * conv.padding_rows;
  conv.extra_columns = part.skip_columns + columns.count + conv.kernel_columns - 1 - shape.in_columns -
                       2 * conv.padding_columns;
  const std::vector<float> own_weights = part_weights(shape, part, weights);
  part.convolution.emplace(conv, own_weights.data(), isa);
  return part;
}

}  // namespace

struct PackedConvTranspose2d::Impl {
  ConvTranspose2dShape shape;
  std::vector<Part> parts;

  std::size_t part_floats(const Part& part) const {
    const Conv2dShape& conv = part.convolution->shape();
    return static_cast<std::size_t>(conv.batch * conv.out_channels * conv.out_rows() * conv.out_columns());
  }

  /// The part's outputs to their places; `from` null: bias alone.
  void scatter(const Part& part, const float* from, float* out, const float* bias, ThreadPool& pool) const {
    std::int64_t from_rows = 0;
    std::int64_t from_columns = 0;
    if (from != nullptr) {
      from_rows = part.convolution->shape().out_rows();
      from_columns = part.convolution->shape().out_columns();
    }
    pool.parallel_for(shape.batch * shape.out_channels, [&](std::int64_t plane, int /*thread*/) {
      const float alone = bias != nullptr ? bias[plane % shape.out_channels] : 0.0F;
      for (std::int64_t r = 0; r < part.rows.count; ++r) {
        float* const to =
            out + (plane * shape.out_rows + part.rows.first + r * shape.stride_rows) * shape.out_columns +
            part.columns.first;
        const float* const row =
            from == nullptr
                ? nullptr
                : from + (plane * from_rows + part.skip_rows + r) * from_columns + part.skip_columns;
        for (std::int64_t c = 0; c < part.columns.count; ++c) {
          to[c * shape.stride_columns] = row != nullptr ? row[c] : alone;
        }
      }
    });
  }
};

PackedConvTranspose2d::PackedConvTranspose2d(const ConvTranspose2dShape& shape, const float* weights, Isa isa)
    : impl_(std::make_unique<Impl>()) {
  impl_->shape = shape;
  for (std::int64_t row = 0; row < shape.stride_rows; ++row) {
    const Phase rows = phase_of(row_axis(shape), row);
    for (std::int64_t column = 0; column < shape.stride_columns; ++column) {
      const Phase columns = phase_of(column_axis(shape), column);
      if (rows.count > 0 && columns.count > 0) {
        impl_->parts.push_back(make_part(shape, rows, columns, weights, isa));
      }
    }
  }
}

PackedConvTranspose2d::~PackedConvTranspose2d() = default;
PackedConvTranspose2d::PackedConvTranspose2d(PackedConvTranspose2d&&) noexcept = default;
PackedConvTranspose2d& PackedConvTranspose2d::operator=(PackedConvTranspose2d&&) noexcept = default;

std::size_t PackedConvTranspose2d::packed_bytes() const {
  std::size_t bytes = 0;
  for (const Part& part : impl_->parts) {
    if (part.convolution) bytes += part.convolution->packed_bytes();
  }
  return bytes;
}

std::size_t PackedConvTranspose2d::workspace_floats(int threads) const {
  std::size_t floats = 0;
  for (const Part& part : impl_->parts) {
    if (!part.convolution) continue;
    floats = std::max(floats, impl_->part_floats(part) + part.convolution->workspace_floats(threads));
  }
  return floats;
}

void PackedConvTranspose2d::run(const float* in, float* out, const float* bias, std::span<float> workspace,
                                ThreadPool& pool) const {
  for (const Part& part : impl_->parts) {
    if (!part.convolution) {
      impl_->scatter(part, nullptr, out, bias, pool);
      continue;
    }
    // The convolution's workspace first: it must be aligned as ours is.
    const std::size_t own = part.convolution->workspace_floats(pool.threads());
    float* const result = workspace.data() + own;
    part.convolution->run(in, result, Epilogue{.bias = bias}, workspace.first(own), pool);
    impl_->scatter(part, result, out, bias, pool);
  }
}

void conv_transpose2d_reference(const ConvTranspose2dShape& s, const float* in, const float* weights,
                                const float* bias, float* out) {
  const std::int64_t in_group = s.in_channels / s.groups;
  const std::int64_t out_group = s.out_channels / s.groups;
  std::vector<double> sums(static_cast<std::size_t>(s.batch * s.out_channels * s.out_rows * s.out_columns));
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t i = 0; i < s.in_channels; ++i) {
      for (std::int64_t o = 0; o < out_group; ++o) {
        const std::int64_t out_channel = i / in_group * out_group + o;
        for (std::int64_t position = 0; position < s.in_rows * s.in_columns; ++position) {
          const std::int64_t row = position / s.in_columns;
          const std::int64_t column = position % s.in_columns;
          const double x = double{in[(n * s.in_channels + i) * s.in_rows * s.in_columns + position]};
          for (std::int64_t tap = 0; tap < s.kernel_rows * s.kernel_columns; ++tap) {
            const std::int64_t y =
                row * s.stride_rows + tap / s.kernel_columns * s.dilation_rows - s.padding_rows;
            const std::int64_t z =
                column * s.stride_columns + tap % s.kernel_columns * s.dilation_columns - s.padding_columns;
            if (y < 0 || y >= s.out_rows || z < 0 || z >= s.out_columns) continue;
            const float weight = weights[(i * out_group + o) * s.kernel_rows * s.kernel_columns + tap];
            sums[static_cast<std::size_t>(
                ((n * s.out_channels + out_channel) * s.out_rows + y) * s.out_columns + z)] +=
                x * double{weight};
          }
        }
      }
    }
  }
  const std::int64_t plane = s.out_rows * s.out_columns;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto channel = static_cast<std::int64_t>(i) / plane % s.out_channels;
    out[i] = static_cast<float>(sums[i] + (bias != nullptr ? double{bias[channel]} : 0.0));
  }
}

}  // namespace edge::kernels
