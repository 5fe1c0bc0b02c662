// Opening a weight file and reading single tensors; file_weights.cpp fits it to a network.
#include "engine/weight_file.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "engine/error.h"
#include "engine/pth.h"
#include "engine/quoted_name.h"
#include "engine/safetensors.h"
#include "engine/value_digest.h"

namespace edge {
namespace {

/// Values that are decoded at a time: as bytes and as floats they stay in the first-level cache.
constexpr std::size_t chunk_values = 2048;
static_assert(chunk_values % ValueDigest::lanes == 0);

/// Bytes that are asked for before they are read, and given back afterwards.
constexpr std::size_t window_values = 1 << 20;
static_assert(window_values % chunk_values == 0);

WeightIndex read_index(const MappedFile& file) {
  const std::string_view bytes = file.bytes();
  if (bytes.empty()) throw Error(file.name() + ": empty");
  // In this order: a header's length may begin as a pickle does.
  if (looks_like_safetensors(bytes)) return read_safetensors_index(bytes, file.name());
  if (looks_like_pth(bytes)) return read_pth_index(bytes, file.name());
  throw Error(file.name() + ": neither a PyTorch file (.pth, .pt) nor safetensors");
}

/// Bytes of `count` elements of a strided tensor, beginning with logical element `first`, one after the
/// other.
template <std::size_t size>
void gather(const char* base, const StoredTensor& tensor, std::int64_t first, std::size_t count, char* to) {
  const std::size_t rank = tensor.shape.rank();
  std::array<std::int64_t, Shape::max_rank> position{};
  std::int64_t rest = first;
  std::int64_t element = 0;
  for (std::size_t dimension = rank; dimension-- > 0;) {
    position[dimension] = rest % tensor.shape[dimension];
    rest /= tensor.shape[dimension];
    element += position[dimension] * tensor.strides[dimension];
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(to + i * size, base + static_cast<std::size_t>(element) * size, size);
    for (std::size_t dimension = rank; dimension-- > 0;) {
      element += tensor.strides[dimension];
      if (++position[dimension] < tensor.shape[dimension]) break;
      element -= position[dimension] * tensor.strides[dimension];
      position[dimension] = 0;
    }
  }
}

}  // namespace

WeightFile::WeightFile(std::shared_ptr<const MappedFile> file)
    : file_(std::move(file)), index_(read_index(*file_)) {
  strip_common_prefixes(index_);
  sort_by_name(index_, file_->name());
}

const StoredTensor* WeightFile::find(std::string_view tensor) const {
  const auto found =
      std::lower_bound(index_.begin(), index_.end(), tensor,
                       [](const StoredTensor& stored, std::string_view name) { return stored.name < name; });
  return found != index_.end() && found->name == tensor ? &*found : nullptr;
}

std::string_view WeightFile::part(const StoredTensor& tensor, std::int64_t first, std::size_t count) const {
  const std::size_t size = size_of(*tensor.format);
  return file_->bytes().substr(
      static_cast<std::size_t>(tensor.offset) + static_cast<std::size_t>(first) * size, count * size);
}

void WeightFile::read(const StoredTensor& tensor, std::int64_t first, std::size_t count, float* to) const {
  if (tensor.contiguous()) return decode_floats(*tensor.format, part(tensor, first, count).data(), count, to);
  std::array<char, chunk_values * sizeof(double)> raw;
  const char* const base = file_->bytes().data() + tensor.offset;
  for (std::size_t done = 0; done < count;) {
    const std::size_t now = std::min(count - done, chunk_values);
    const std::int64_t at = first + static_cast<std::int64_t>(done);
    switch (size_of(*tensor.format)) {
      case 2:
        gather<2>(base, tensor, at, now, raw.data());
        break;
      case 4:
        gather<4>(base, tensor, at, now, raw.data());
        break;
      default:
        gather<8>(base, tensor, at, now, raw.data());
    }
    decode_floats(*tensor.format, raw.data(), now, to + done);
    done += now;
  }
}

Array WeightFile::load(const StoredTensor& tensor) const {
  assert(tensor.format);
  const auto count = static_cast<std::size_t>(tensor.shape.elements());
  if (count == 0) return Tensor(tensor.shape);
  const char* const values = file_->bytes().data() + tensor.offset;
  const bool aligned = reinterpret_cast<std::uintptr_t>(values) % alignof(float) == 0;
  if (*tensor.format != FloatFormat::f32 || !aligned || !tensor.contiguous()) {
    Tensor copy(tensor.shape);
    read(tensor, 0, count, copy.data());
    if (tensor.contiguous()) file_->release(part(tensor, 0, count));
    return copy;
  }
  const std::string_view viewed = part(tensor, 0, count);
  file_->will_need(viewed);
  // When the last handle goes (packed weights are copies), the pages need no longer count as this process'.
  auto release = [file = file_, viewed](const void*) { file->release(viewed); };
  return {ElementType::f32, tensor.shape, reinterpret_cast<const std::byte*>(values),
          std::shared_ptr<const void>(values, std::move(release))};
}

WeightFile::Scan WeightFile::scan(const StoredTensor& tensor) const {
  assert(tensor.format);
  ValueDigest digest;
  Scan result;
  const auto count = static_cast<std::size_t>(tensor.shape.elements());
  const bool contiguous = tensor.contiguous();
  std::array<float, chunk_values> values;
  for (std::size_t window = 0; window < count; window += window_values) {
    const std::size_t end = std::min(count, window + window_values);
    const std::string_view bytes =
        contiguous ? part(tensor, static_cast<std::int64_t>(window), end - window) : std::string_view{};
    if (contiguous) file_->will_need(bytes);
    for (std::size_t first = window; first < end; first += chunk_values) {
      const std::size_t now = std::min(end - first, chunk_values);
      read(tensor, static_cast<std::int64_t>(first), now, values.data());
      digest.add(values.data(), now);
      result.not_finite += count_not_finite(values.data(), now);
    }
    if (contiguous) file_->release(bytes);
  }
  result.digest = digest.hexadecimal();
  return result;
}

}  // namespace edge
