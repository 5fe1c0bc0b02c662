#include "net/codec/decoder.h"

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "kernels/delta.h"
#include "net/codec/change_map.h"
#include "net/codec/coding_constants.h"
#include "net/codec/prediction.h"
#include "net/codec/tensor_header.h"
#include "net/codec/value_difference.h"

namespace edge::net {
namespace {

std::span<const std::uint8_t> as_u8(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// The two counts in front of changes, checked against what such a tensor can have.
struct ChangeCounts {
  std::size_t position_bytes = 0;
  std::size_t values = 0;

  ChangeCounts(TensorReader& payload, std::size_t elements)
      : position_bytes(payload.number<std::uint32_t>()), values(payload.number<std::uint32_t>()) {
    if (position_bytes > max_position_bytes(elements) || values > elements) {
      throw CodecError("an encoded tensor says that more has changed than it has");
    }
  }

  void expect(std::size_t changed) const {
    if (changed != values) throw CodecError("an encoded tensor has not as many values as changed elements");
  }
};

const Array* find_base(const TensorHeader& header, const Base* base) {
  if (!header.based) return nullptr;
  const std::string frame = "frame " + std::to_string(header.base_frame);
  if (base == nullptr || base->array.empty()) {
    throw NeedFull("an encoded tensor is based on " + frame + ", but none is held");
  }
  if (base->frame != header.base_frame || base->array.type() != header.type ||
      base->array.shape() != header.shape) {
    throw NeedFull("an encoded tensor is based on " + frame + ", but frame " + std::to_string(base->frame) +
                   " is held");
  }
  return &base->array;
}

}  // namespace

struct Decoder::Task {
  TensorReader payload;
  ElementType type;
  const Shape& shape;
  std::size_t count;  // elements
  const Array* base;  // may be null

  std::size_t bytes() const { return count * element_bytes(type); }
};

Decoded Decoder::decode(std::span<const std::byte> bytes, ElementType type, const Shape& shape,
                        const Base* base) {
  TensorReader reader(bytes);
  const TensorHeader header = read_header(reader, type, shape);
  Task task{.payload = TensorReader(reader.take(header.payload_bytes)),
            .type = type,
            .shape = shape,
            .count = static_cast<std::size_t>(shape.elements()),
            .base = nullptr};
  const bool fits = header.coding == Coding::dense              ? !header.based
                    : header.coding == Coding::changes          ? true
                    : header.coding == Coding::predicted_planes ? type == ElementType::u8
                                                                : type == ElementType::f32;
  if (!fits) throw CodecError("an encoded tensor's coding does not fit its elements");
  task.base = find_base(header, base);

  FreshArray result;
  switch (header.coding) {
    case Coding::dense:
      result = decode_dense(task);
      break;
    case Coding::changes:
      result = decode_changes(task);
      break;
    case Coding::packed_changes:
      result = decode_packed_changes(task);
      break;
    case Coding::predicted_planes:
      result = decode_predicted_planes(task);
      break;
    case Coding::int8_changes:
      result = decode_grid_changes(task, ValueFormat::int8);
      break;
    case Coding::float16_changes:
      result = decode_grid_changes(task, ValueFormat::float16);
      break;
  }
  return {.array = std::move(result.array), .consumed = bytes.size() - reader.left()};
}

FreshArray Decoder::decode_dense(Task& task) const {
  const std::span<const std::byte> values = task.payload.take(task.bytes());
  expect_padding(task.payload);
  FreshArray result = allocate_array(task.type, task.shape);
  if (!values.empty()) std::memcpy(result.data, values.data(), values.size());
  return result;
}

FreshArray Decoder::decode_changes(Task& task) {
  const ChangeCounts counts(task.payload, task.count);
  const std::span<const std::byte> positions = task.payload.take(counts.position_bytes);
  TensorReader padding(task.payload.take(padded(positions.size()) - positions.size()));
  expect_padding(padding);
  const std::span<const std::byte> values = task.payload.take(counts.values * element_bytes(task.type));
  expect_padding(task.payload);
  mask_.resize(mask_bytes(task.count));
  counts.expect(unpack_positions(as_u8(positions), task.count, mask_));
  if (reinterpret_cast<std::uintptr_t>(values.data()) % element_bytes(task.type) == 0) {
    return put_values(task, values.data());
  }
  values_.resize(counts.values);
  if (!values.empty()) std::memcpy(values_.data(), values.data(), values.size());
  return put_values(task, values_.data());
}

FreshArray Decoder::decode_packed_changes(Task& task) {
  const auto start = std::chrono::steady_clock::now();
  const ChangeCounts counts(task.payload, task.count);
  std::array<std::span<const std::byte>, 1 + float_planes> stored;
  std::array<std::size_t, 1 + float_planes> lengths{};
  for (std::size_t& length : lengths) length = task.payload.number<std::uint32_t>();
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = task.payload.take(lengths[i]);
  expect_padding(task.payload);

  positions_.resize(counts.position_bytes);
  decompressor_.read(stored[0], positions_);
  mask_.resize(mask_bytes(task.count));
  counts.expect(unpack_positions(positions_, task.count, mask_));
  planes_.resize(float_planes * counts.values);
  for (std::size_t i = 0; i < float_planes; ++i) {
    const std::size_t plane = float_planes - 1 - i;  // the most significant comes first
    decompressor_.read(stored[1 + i], {planes_.data() + plane * counts.values, counts.values});
  }

  values_.resize(counts.values);
  kernels::join_planes(isa_, planes_.data(), counts.values, values_.data());
  if (task.base == nullptr) {
    unfold_signs(values_.data(), counts.values);
  } else {
    old_values_.resize(counts.values + kernel_slack);
    kernels::compress(isa_, reinterpret_cast<const std::uint32_t*>(task.base->data()), mask_.data(),
                      task.count, old_values_.data());
    from_differences(old_values_.data(), values_.data(), counts.values);
  }
  FreshArray result = put_values(task, values_.data());
  measured(counts.position_bytes + planes_.size(),
           std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return result;
}

FreshArray Decoder::decode_predicted_planes(Task& task) {
  const auto start = std::chrono::steady_clock::now();
  const PlaneLayout layout = plane_layout(task.shape);
  std::array<std::size_t, 3> lengths{};
  std::array<std::span<const std::byte>, 3> stored;
  for (std::size_t p = 0; p < layout.planes; ++p) lengths[p] = task.payload.number<std::uint32_t>();
  for (std::size_t p = 0; p < layout.planes; ++p) stored[p] = task.payload.take(lengths[p]);
  expect_padding(task.payload);

  planes_.resize(task.count);
  for (std::size_t p = 0; p < layout.planes; ++p) {
    decompressor_.read(stored[p], {planes_.data() + p * layout.plane_elements, layout.plane_elements});
  }
  FreshArray result = allocate_array(task.type, task.shape);
  restore(planes_.data(),
          task.base == nullptr ? nullptr : reinterpret_cast<const std::uint8_t*>(task.base->data()), layout,
          reinterpret_cast<std::uint8_t*>(result.data));
  measured(task.count, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return result;
}

FreshArray Decoder::decode_grid_changes(Task& task, ValueFormat format) {
  if (task.count == 0) throw CodecError("an encoded tensor has a grid, but no elements");
  const ChangeCounts counts(task.payload, task.count);
  const std::size_t escapes = task.payload.number<std::uint32_t>();
  if (escapes > counts.values) throw CodecError("an encoded tensor has more odd values than changed ones");
  const std::size_t pairing = task.payload.number<std::uint32_t>();
  if (pairing > 1 + counts.values || (format != ValueFormat::int8 && pairing != 0)) {
    throw CodecError("an encoded tensor has more large differences than values");
  }
  std::array<std::size_t, grid_sections> lengths{};
  std::array<std::span<const std::byte>, grid_sections> stored;
  for (std::size_t& length : lengths) length = task.payload.number<std::uint32_t>();
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = task.payload.take(lengths[i]);
  expect_padding(task.payload);

  const auto start = std::chrono::steady_clock::now();
  std::vector<std::uint8_t> small(grid_bytes(format, grid_channels(task.shape)));
  decompressor_.read(stored[0], small);
  auto grid = std::make_shared<const ValueGrid>(grid_from(small, format));
  positions_.resize(counts.position_bytes);
  decompressor_.read(stored[1], positions_);
  mask_.resize(mask_bytes(task.count));
  counts.expect(unpack_positions(positions_, task.count, mask_));
  const std::size_t planes = grid_planes(format);
  planes_.resize(planes * counts.values);
  const std::span<std::uint8_t> low(planes_.data(), counts.values);
  if (pairing > 0) {
    std::vector<std::uint8_t> pairs((counts.values + 1) / 2);
    std::vector<std::uint8_t> extras(pairing - 1);
    decompressor_.read(stored[2], pairs);
    decompressor_.read(stored[3], extras);
    separate_pairs(pairs, extras, low);
  } else if (planes == 1) {
    decompressor_.read(stored[2], low);
    decompressor_.read(stored[3], {});
  } else {
    decompressor_.read(stored[2], {planes_.data() + counts.values, counts.values});
    decompressor_.read(stored[3], low);
  }
  small.resize(escape_bytes * escapes);
  decompressor_.read(stored[4], small);
  measured(counts.position_bytes + planes_.size(),
           std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());

  grid_codes_.resize(task.count);
  std::memset(grid_codes_.differences(), 0, planes * task.count);
  for (std::size_t p = 0; p < planes; ++p) {
    kernels::expand(isa_, planes_.data() + p * counts.values, mask_.data(), task.count,
                    grid_codes_.differences() + p * task.count);
  }
  FreshArray result = allocate_array(task.type, task.shape);
  grid_codes_.add(*grid, task.base, task.shape, mask_, reinterpret_cast<float*>(result.data));
  put_escapes(small, task.count, mask_, reinterpret_cast<std::uint32_t*>(result.data));
  result.array = result.array.on_grid(std::move(grid));
  return result;
}

/// The base (or zeros) with the values in mask_ replaced.
FreshArray Decoder::put_values(const Task& task, const void* values) const {
  FreshArray result = allocate_array(task.type, task.shape);
  if (task.count == 0) return result;
  if (task.base == nullptr) {
    std::memset(result.data, 0, task.bytes());
  } else {
    std::memcpy(result.data, task.base->data(), task.bytes());
  }
  if (task.type == ElementType::u8) {
    kernels::expand(isa_, static_cast<const std::uint8_t*>(values), mask_.data(), task.count,
                    reinterpret_cast<std::uint8_t*>(result.data));
  } else {
    kernels::expand(isa_, static_cast<const std::uint32_t*>(values), mask_.data(), task.count,
                    reinterpret_cast<std::uint32_t*>(result.data));
  }
  return result;
}

void Decoder::measured(std::size_t work_bytes, double seconds) {
  if (work_bytes < smallest_measured_run || seconds <= 0) return;
  const double speed = static_cast<double>(work_bytes) / seconds;
  decompress_speed_ =
      decompress_speed_ == 0 ? speed : decompress_speed_ + measure_weight * (speed - decompress_speed_);
}

}  // namespace edge::net
