#include "net/codec/encoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstring>

#include "kernels/delta.h"
#include "net/codec/change_map.h"
#include "net/codec/coding_constants.h"
#include "net/codec/entropy.h"
#include "net/codec/prediction.h"
#include "net/codec/tensor_header.h"
#include "net/codec/value_difference.h"

namespace edge::net {
namespace {

// The sample that decides whether to compress.
constexpr std::size_t sample_pieces = 64;
constexpr std::size_t sample_length = 256;
// A section with a higher expected ratio is not worth a try.
constexpr double hopeless = 0.985;
constexpr double forget_weight = 0.02;
// Differences of one byte are written as pairs if at most one in so many is not small.
constexpr std::size_t pairs_per_extra = 4;
// The prediction from the row above is considered if the one from the base leaves more than this share.
constexpr double base_is_good = 0.25;

const std::uint8_t* bytes_of(const Array& elements) {
  return reinterpret_cast<const std::uint8_t*>(elements.data());
}
const std::uint32_t* words_of(const Array& elements) {
  return reinterpret_cast<const std::uint32_t*>(elements.data());
}

template <typename Value>
std::span<const std::byte> as_bytes(const Value* values, std::size_t count) {
  return std::as_bytes(std::span(values, count));
}

void append(std::span<const std::byte> bytes, std::vector<std::byte>& to) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void pad(std::vector<std::byte>& bytes) {
  bytes.resize(padded(bytes.size()));
}

void store_u32(std::uint32_t value, std::byte* to) {
  std::memcpy(to, &value, sizeof value);
}

template <typename Value>
std::size_t compare_with_zeros(kernels::Isa isa, const Value* values, std::size_t count, std::uint8_t* mask) {
  static constexpr std::array<Value, block_elements> zeros{};
  std::size_t changed = 0;
  for (std::size_t at = 0; at < count; at += block_elements) {
    changed += kernels::compare_to_mask(isa, values + at, zeros.data(), std::min(block_elements, count - at),
                                        mask + mask_bytes(at));
  }
  return changed;
}

/// Expected bytes per byte of each residual plane, from a sample.
std::array<double, 3> expected_residuals(const std::uint8_t* values, const std::uint8_t* base,
                                         const PlaneLayout& layout) {
  std::array<ByteHistogram, 3> histograms;
  std::array<std::uint8_t, 3 * sample_length> residuals{};
  for_sample(layout.plane_elements, sample_pieces, sample_length, [&](std::size_t first, std::size_t count) {
    predict(values, base, layout, first, count, residuals.data(), sample_length);
    for (std::size_t p = 0; p < layout.planes; ++p) histograms[p].add({&residuals[p * sample_length], count});
  });
  std::array<double, 3> expected{};
  for (std::size_t p = 0; p < layout.planes; ++p) expected[p] = histograms[p].entropy();
  return expected;
}

/// The same for the byte planes of differences.
std::array<double, float_planes> expected_planes(kernels::Isa isa, const std::uint32_t* differences,
                                                 std::size_t count) {
  std::array<ByteHistogram, float_planes> histograms;
  std::array<std::uint8_t, float_planes * sample_length> planes{};
  for_sample(count, sample_pieces, sample_length, [&](std::size_t first, std::size_t length) {
    kernels::split_planes(isa, differences + first, length, planes.data());
    for (std::size_t p = 0; p < float_planes; ++p) histograms[p].add({&planes[p * length], length});
  });
  std::array<double, float_planes> expected{};
  for (std::size_t p = 0; p < float_planes; ++p) expected[p] = histograms[p].entropy();
  return expected;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Encoder::Encoder(const EncodeOptions& options)
    : options_(options), speeds_(options.speeds), grid_codes_(options.isa) {}

void Encoder::set_link_speed(double bytes_per_second) {
  assert(bytes_per_second > 0);
  speeds_.link = bytes_per_second;
}

void Encoder::set_decompress_speed(double bytes_per_second) {
  assert(bytes_per_second > 0);
  speeds_.decompress = bytes_per_second;
}

EncodeStatistics Encoder::encode(const Array& value, const Base* base, std::vector<std::byte>& out) {
  assert(base == nullptr || (base->array.type() == value.type() && base->array.shape() == value.shape()));
  const std::size_t count = value.elements();
  const std::size_t size = element_bytes(value.type());
  const Array* old = base == nullptr ? nullptr : &base->array;
  EncodeStatistics statistics{
      .raw_float_bytes = count * sizeof(float), .changed_elements = count, .elements = count};
  TensorHeader header{.type = value.type(), .coding = Coding::dense, .shape = value.shape()};

  const bool on_grid = value.grid() != nullptr && count > 0;
  if (on_grid && try_grid_changes(value, options_.delta ? old : nullptr, statistics)) {
    header.coding =
        value.grid()->format == ValueFormat::float16 ? Coding::float16_changes : Coding::int8_changes;
    header.based = options_.delta && old != nullptr;
    if (header.based) header.base_frame = base->frame;
  } else if (options_.delta && count > 0) {
    const std::size_t changed = find_changes(value, old);
    if (old != nullptr) statistics.changed_elements = changed;
    bool based = old != nullptr;
    // Close enough to decide whether compression pays; exact only when it doesn't.
    const auto unpacked_bytes =
        static_cast<double>(std::min(count * size, changed * size + std::min(changed, mask_bytes(count))));
    if (options_.compress && value.type() == ElementType::f32 &&
        try_packed_changes(value, old, changed, unpacked_bytes)) {
      header.coding = Coding::packed_changes;
    } else if (options_.compress && value.type() == ElementType::u8 &&
               try_predicted_planes(value, old, unpacked_bytes, based)) {
      header.coding = Coding::predicted_planes;
    } else if (try_changes(value)) {
      header.coding = Coding::changes;
    }
    header.based = based && header.coding != Coding::dense;
    if (header.based) header.base_frame = base->frame;
  }

  const std::size_t start = out.size();
  header.payload_bytes = padded(header.coding == Coding::dense ? value.bytes() : payload_.size());
  append_header(header, out);
  const std::size_t payload_start = out.size();
  append(header.coding == Coding::dense ? value.span() : std::span<const std::byte>(payload_), out);
  out.resize(payload_start + header.payload_bytes);
  statistics.encoded_bytes = out.size() - start;
  statistics.coding = header.coding;
  return statistics;
}

/// Fills mask_.
std::size_t Encoder::find_changes(const Array& value, const Array* base) {
  const std::size_t count = value.elements();
  mask_.resize(mask_bytes(count));
  if (value.type() == ElementType::u8) {
    return base == nullptr ? compare_with_zeros(options_.isa, bytes_of(value), count, mask_.data())
                           : kernels::compare_to_mask(options_.isa, bytes_of(value), bytes_of(*base), count,
                                                      mask_.data());
  }
  return base == nullptr
             ? compare_with_zeros(options_.isa, words_of(value), count, mask_.data())
             : kernels::compare_to_mask(options_.isa, words_of(value), words_of(*base), count, mask_.data());
}

/// Fills new_values_ with the `count` values in mask_.
void Encoder::collect_values(const Array& value, std::size_t count) {
  new_values_.resize(count + kernel_slack);
  const std::size_t collected =
      value.type() == ElementType::u8
          ? kernels::compress(options_.isa, bytes_of(value), mask_.data(), value.elements(),
                              reinterpret_cast<std::uint8_t*>(new_values_.data()))
          : kernels::compress(options_.isa, words_of(value), mask_.data(), value.elements(),
                              new_values_.data());
  assert(collected == count);
  static_cast<void>(collected);
}

/// Coding::int8_changes or float16_changes into payload_, if that is shorter than the dense form. Of mode
/// `full` everything is written, as it is.
bool Encoder::try_grid_changes(const Array& value, const Array* base, EncodeStatistics& statistics) {
  const ValueGrid& grid = *value.grid();
  const std::size_t elements = value.elements();
  const std::size_t planes = grid_planes(grid.format);
  if (options_.delta) {
    const std::size_t changed = find_changes(value, base);
    if (base != nullptr) statistics.changed_elements = changed;
  } else {
    mask_.assign(mask_bytes(elements), 0xFF);
    if (elements % 8 != 0) mask_.back() = static_cast<std::uint8_t>((1U << (elements % 8)) - 1);
  }
  const std::size_t count = pack_positions(mask_, elements, planes, positions_);
  grid_codes_.subtract(value, base, mask_);

  const auto start = std::chrono::steady_clock::now();
  planes_.resize(planes * count + kernel_slack);
  for (std::size_t p = 0; p < planes; ++p) {
    kernels::compress(options_.isa, grid_codes_.differences() + p * elements, mask_.data(), elements,
                      planes_.data() + p * count);
  }
  const std::span<const std::uint8_t> low(planes_.data(), count);
  std::array<std::span<const std::uint8_t>, 2> values{{{planes_.data() + count, count}, low}};
  std::uint32_t pairing = 0;
  if (planes == 1) {
    pair_differences(low, pairs_, extras_);
    const bool paired = extras_.size() < count / pairs_per_extra;
    values = {paired ? std::span<const std::uint8_t>(pairs_) : low, {}};
    if (paired) values[1] = extras_;
    if (paired) pairing = 1 + static_cast<std::uint32_t>(extras_.size());
  }
  std::array<double, 2> expected{};
  double raw_bytes = static_cast<double>(positions_.size());
  double expected_bytes = raw_bytes;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ByteHistogram histogram;
    for_sample(values[i].size(), sample_pieces, sample_length, [&](std::size_t first, std::size_t length) {
      histogram.add(values[i].subspan(first, length));
    });
    expected[i] = histogram.entropy();
    raw_bytes += static_cast<double>(values[i].size());
    expected_bytes += expected[i] * static_cast<double>(values[i].size());
  }
  const auto work = static_cast<std::size_t>(raw_bytes);
  const bool compress = options_.delta && options_.compress && pays(raw_bytes, expected_bytes, work);
  const std::vector<Escape>& escapes = grid_codes_.escapes();
  payload_.clear();
  for (const std::size_t number : {positions_.size(), count, escapes.size()}) {
    append_little_endian(static_cast<std::uint32_t>(number), payload_);
  }
  append_little_endian(pairing, payload_);
  std::size_t length_at = payload_.size();
  payload_.resize(length_at + 4 * grid_sections);
  const double always = compress ? 0 : 1;
  append_section(to_bytes(grid), always, length_at);
  append_section(positions_, always, length_at += 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    append_section(values[i], compress ? expected[i] : 1, length_at += 4);
  }
  append_section(to_bytes(escapes), always, length_at += 4);
  if (compress) {
    measured(work, seconds_since(start));
  } else if (options_.compress) {
    forget_a_little();
  }
  return padded(payload_.size()) < padded(value.bytes());
}

/// Coding::changes into payload_, if that is shorter than the dense form.
bool Encoder::try_changes(const Array& value) {
  const std::size_t size = element_bytes(value.type());
  const std::size_t values = pack_positions(mask_, value.elements(), size, positions_);
  if (8 + padded(positions_.size()) + padded(values * size) >= padded(value.bytes())) return false;
  collect_values(value, values);
  payload_.clear();
  append_little_endian(static_cast<std::uint32_t>(positions_.size()), payload_);
  append_little_endian(static_cast<std::uint32_t>(values), payload_);
  append(as_bytes(positions_.data(), positions_.size()), payload_);
  pad(payload_);
  append(as_bytes(new_values_.data(), new_values_.size()).first(values * size), payload_);
  return true;
}

/// Coding::packed_changes into payload_, if it pays.
bool Encoder::try_packed_changes(const Array& value, const Array* base, std::size_t changed,
                                 double unpacked_bytes) {
  const std::size_t least_work = changed * sizeof(float);
  if (changed == 0 || !pays(unpacked_bytes, 0, least_work)) return false;

  const auto start = std::chrono::steady_clock::now();
  const std::size_t count = pack_positions(mask_, value.elements(), sizeof(float), positions_);
  collect_values(value, count);
  differences_.resize(count + kernel_slack);
  if (base == nullptr) {
    fold_signs(new_values_.data(), differences_.data(), count);
  } else {
    kernels::compress(options_.isa, words_of(*base), mask_.data(), value.elements(), differences_.data());
    to_differences(new_values_.data(), differences_.data(), count);
  }
  const std::array<double, float_planes> expected = expected_planes(options_.isa, differences_.data(), count);
  double expected_bytes = static_cast<double>(positions_.size());
  for (const double share : expected) expected_bytes += share * static_cast<double>(count);
  const std::size_t work = positions_.size() + count * sizeof(float);
  if (!pays(unpacked_bytes, expected_bytes, work)) {
    forget_a_little();
    return false;
  }

  planes_.resize(float_planes * count);
  kernels::split_planes(options_.isa, differences_.data(), count, planes_.data());
  payload_.clear();
  append_little_endian(static_cast<std::uint32_t>(positions_.size()), payload_);
  append_little_endian(static_cast<std::uint32_t>(count), payload_);
  std::size_t length_at = payload_.size();
  payload_.resize(length_at + 4 * (1 + float_planes));
  append_section(positions_, 0, length_at);
  for (std::size_t p = float_planes; p-- > 0;) {
    append_section({&planes_[p * count], count}, expected[p], length_at += 4);
  }
  measured(work, seconds_since(start));
  return static_cast<double>(payload_.size()) < unpacked_bytes &&
         padded(payload_.size()) < padded(value.bytes());
}

/// Coding::predicted_planes into payload_, if it pays. Sets `based` if so.
bool Encoder::try_predicted_planes(const Array& value, const Array* base, double unpacked_bytes,
                                   bool& based) {
  const std::size_t count = value.elements();
  if (!pays(unpacked_bytes, 0, count)) return false;

  const auto start = std::chrono::steady_clock::now();
  const PlaneLayout layout = plane_layout(value.shape());
  const std::uint8_t* old = base == nullptr ? nullptr : bytes_of(*base);
  std::array<double, 3> expected = expected_residuals(bytes_of(value), old, layout);
  const auto total = [&](const std::array<double, 3>& shares) {
    return (shares[0] + shares[1] + shares[2]) * static_cast<double>(layout.plane_elements);
  };
  if (old != nullptr && total(expected) > base_is_good * static_cast<double>(count)) {
    const std::array<double, 3> from_above = expected_residuals(bytes_of(value), nullptr, layout);
    if (total(from_above) < total(expected)) {
      expected = from_above;
      old = nullptr;
    }
  }
  if (!pays(unpacked_bytes, total(expected), count)) {
    forget_a_little();
    return false;
  }

  planes_.resize(count);
  predict(bytes_of(value), old, layout, 0, layout.plane_elements, planes_.data(), layout.plane_elements);
  payload_.clear();
  payload_.resize(4 * layout.planes);
  for (std::size_t p = 0; p < layout.planes; ++p) {
    append_section({&planes_[p * layout.plane_elements], layout.plane_elements}, expected[p], 4 * p);
  }
  measured(count, seconds_since(start));
  if (static_cast<double>(payload_.size()) >= unpacked_bytes ||
      padded(payload_.size()) >= padded(value.bytes())) {
    return false;
  }
  based = old != nullptr;
  return true;
}

/// Appends a section to payload_ and writes its stored length at `length_at`.
void Encoder::append_section(std::span<const std::uint8_t> section, double expected, std::size_t length_at) {
  std::size_t stored = section.size();
  if (expected > hopeless) {
    append(std::as_bytes(section), payload_);
  } else {
    stored = compressor_.append(section, payload_);
  }
  store_u32(static_cast<std::uint32_t>(stored), payload_.data() + length_at);
}

bool Encoder::pays(double unpacked_bytes, double packed_bytes, std::size_t work_bytes) const {
  const double work_s = static_cast<double>(work_bytes) / speeds_.compress +
                        static_cast<double>(work_bytes) / speeds_.decompress;
  return packed_bytes / speeds_.link + work_s < unpacked_bytes / speeds_.link;
}

void Encoder::measured(std::size_t work_bytes, double seconds) {
  if (work_bytes < smallest_measured_run || seconds <= 0) return;
  speeds_.compress += measure_weight * (static_cast<double>(work_bytes) / seconds - speeds_.compress);
}

/// One slow run must not switch compression off for ever: while it is off, the estimate returns to where it
/// began.
void Encoder::forget_a_little() {
  speeds_.compress += forget_weight * (options_.speeds.compress - speeds_.compress);
}

}  // namespace edge::net
