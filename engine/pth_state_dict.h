// What torch.save's pickles say about tensors, in either layout. Internal to the engine: use pth.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/float_formats.h"
#include "engine/pickle.h"
#include "engine/shape.h"

namespace edge {

/// The element type of a torch storage.
struct PthType {
  const char* name;  ///< as PyTorch calls it: "float16"
  std::uint64_t bytes;
  std::optional<FloatFormat> format;
};

/// A persistent id: values that lie outside of the pickle. Several tensors may share one.
struct PthStorage {
  std::string_view key;
  const PthType* type = nullptr;
  std::uint64_t elements = 0;
  std::uint64_t first = 0;  ///< where a view of the storage begins, in elements
};

struct PthTensor {
  std::string_view name;
  PthStorage storage;
  std::uint64_t first = 0;  ///< its element 0, counted from the storage's beginning
  Shape shape;
  std::array<std::int64_t, Shape::max_rank> strides{};
};

/// All names that a state dict may use.
std::span<const std::string_view> pth_globals();

/// All persistent ids of the pickle. Throws Error.
std::vector<PthStorage> read_storages(const Pickle& pickle, const std::string& file);

/// The tensors of the state dict, sorted by name, each name once; all elements lie within their storages.
/// Throws Error.
std::vector<PthTensor> read_state_dict(const Pickle& pickle, const std::string& file);

}  // namespace edge
