#include "engine/pth_state_dict.h"

#include <algorithm>
#include <limits>

#include "engine/error.h"
#include "engine/quoted_name.h"
#include "engine/weight_file.h"

namespace edge {
namespace {

// What tensors, parameters and bytes are made by. The first two have the same first four arguments.
constexpr std::array<std::string_view, 5> functions{
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state", "_codecs.encode"};
constexpr std::size_t tensor_functions = 2;
constexpr std::size_t bytes_function = 4;

/// Where training scripts keep the state dict.
constexpr std::array<std::string_view, 4> wrappers{"state_dict", "model_state_dict", "model", "net"};

constexpr std::size_t most_tensors = 100'000;

struct StorageClass {
  std::string_view name;
  PthType type;
};

constexpr std::array storage_classes{
    StorageClass{"torch.FloatStorage", {"float32", 4, FloatFormat::f32}},
    StorageClass{"torch.HalfStorage", {"float16", 2, FloatFormat::f16}},
    StorageClass{"torch.BFloat16Storage", {"bfloat16", 2, FloatFormat::bf16}},
    StorageClass{"torch.DoubleStorage", {"float64", 8, FloatFormat::f64}},
    StorageClass{"torch.LongStorage", {"int64", 8, {}}},
    StorageClass{"torch.IntStorage", {"int32", 4, {}}},
    StorageClass{"torch.ShortStorage", {"int16", 2, {}}},
    StorageClass{"torch.CharStorage", {"int8", 1, {}}},
    StorageClass{"torch.ByteStorage", {"uint8", 1, {}}},
    StorageClass{"torch.BoolStorage", {"bool", 1, {}}},
    StorageClass{"torch.ComplexFloatStorage", {"complex64", 8, {}}},
    StorageClass{"torch.ComplexDoubleStorage", {"complex128", 16, {}}},
    StorageClass{"torch.cuda.FloatStorage", {"float32", 4, FloatFormat::f32}},
    StorageClass{"torch.cuda.HalfStorage", {"float16", 2, FloatFormat::f16}},
    StorageClass{"torch.cuda.LongStorage", {"int64", 8, {}}},
};

constexpr auto globals = [] {
  std::array<std::string_view, functions.size() + storage_classes.size()> names{};
  std::copy(functions.begin(), functions.end(), names.begin());
  for (std::size_t i = 0; i < storage_classes.size(); ++i)
    names[functions.size() + i] = storage_classes[i].name;
  return names;
}();

class StateDictReader {
 public:
  StateDictReader(const Pickle& pickle, const std::string& file) : pickle_(pickle), file_(file) {}

  PthStorage read_storage(PickleIndex persistent) const {
    const auto id = pickle_.items(pickle_.items(persistent)[0]);
    // ("storage", class, key, device, elements[, view]); torch before 0.4 adds the view (key, first,
    // elements).
    if (id.size() < 5 || pickle_.text(id[0]) != "storage") fail("it refers to other than a storage");
    const auto type = pickle_.global(id[1]);
    if (!type || *type < functions.size()) fail("a storage has no type");
    const auto key = pickle_.text(id[2]);
    const auto elements = pickle_.integer(id[4]);
    if (!key || !elements || *elements < 0) fail("a storage has no key or no size");
    PthStorage storage{.key = *key,
                       .type = &storage_classes[*type - functions.size()].type,
                       .elements = static_cast<std::uint64_t>(*elements)};
    if (id.size() > 5 && pickle_.kind(id[5]) != PickleKind::none) {
      const auto view = pickle_.items(id[5]);
      const auto first = view.size() == 3 ? pickle_.integer(view[1]) : std::nullopt;
      if (!first || *first < 0) fail("a view of a storage has no beginning");
      storage.first = static_cast<std::uint64_t>(*first);
    }
    return storage;
  }

  std::vector<PthTensor> read() const {
    const auto entries = pickle_.items(find_state_dict());
    std::vector<PthTensor> tensors;
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      const auto name = pickle_.text(entries[i]);
      if (tensors.size() == most_tensors) fail("it has more tensors than any network");
      if (!name) continue;
      refuse_unknown_tensor(*name, entries[i + 1]);
      if (may_be_tensor(entries[i + 1])) tensors.push_back(read_tensor(*name, entries[i + 1]));
    }
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(tensors.begin(), tensors.end(),
                                          [](const auto& a, const auto& b) { return a.name == b.name; });
    if (twice != tensors.end()) fail("name " + quoted_name(twice->name) + " is there twice");
    return tensors;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(file_ + ": not a state dict that can be read: " + what);
  }

  /// The root, or what a training script wraps: {"epoch": 3, "state_dict": {...}}. It holds a tensor by name.
  PickleIndex find_state_dict() const {
    refuse_object(pickle_.root(), "");
    PickleIndex found = pickle_.root();
    if (pickle_.kind(found) != PickleKind::dictionary) fail("it is no dictionary; save model.state_dict()");
    constexpr int deepest = 3;
    for (int depth = 0; depth < deepest; ++depth) {
      const std::optional<PickleIndex> inner = wrapped(found);
      if (!inner) break;
      found = *inner;
    }
    if (!holds_tensors(found)) refuse_contents(found);
    return found;
  }

  /// The dictionary under a customary name, or else the only one that holds tensors in one that holds none.
  std::optional<PickleIndex> wrapped(PickleIndex outer) const {
    for (const std::string_view key : wrappers) {
      const auto inner = pickle_.find(outer, key);
      if (inner && pickle_.kind(*inner) == PickleKind::dictionary) return inner;
    }
    if (holds_tensors(outer)) return {};
    std::optional<PickleIndex> only;
    const auto entries = pickle_.items(outer);
    for (std::size_t i = 1; i < entries.size(); i += 2) {
      if (!holds_tensors(entries[i])) continue;
      if (only) return {};
      only = entries[i];
    }
    return only;
  }

  bool holds_tensors(PickleIndex dictionary) const {
    if (pickle_.kind(dictionary) != PickleKind::dictionary) return false;
    const auto entries = pickle_.items(dictionary);
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      if (pickle_.text(entries[i]) && (may_be_tensor(entries[i + 1]) || unknown_tensor(entries[i + 1])))
        return true;
    }
    return false;
  }

  /// No tensors by name: says what is there instead.
  [[noreturn]] void refuse_contents(PickleIndex dictionary) const {
    const auto entries = pickle_.items(dictionary);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      const auto key = pickle_.text(entries[i]);
      if (!key) continue;
      keys.push_back(quoted_name(*key));
      if (std::find(wrappers.begin(), wrappers.end(), *key) != wrappers.end())
        refuse_object(entries[i + 1], " under " + keys.back());
    }
    fail("it holds no state dict: no tensors by name" +
         (keys.empty() ? std::string() : ", but " + listed(keys)) + "; save model.state_dict()");
  }

  /// A module's class is code of the program that wrote it. The legacy layout names it as something outside:
  /// ("module", class, file, source).
  void refuse_object(PickleIndex value, const std::string& where) const {
    if (pickle_.kind(value) != PickleKind::call) return;
    PickleIndex callee = pickle_.items(value)[0];
    if (pickle_.kind(callee) == PickleKind::persistent) {
      const auto id = pickle_.items(pickle_.items(callee)[0]);
      if (id.size() > 1) callee = id[1];
    }
    const auto name = pickle_.other_global(callee);
    if (!name) return;
    throw Error(file_ + ": a whole pickled model" + where + " (" + bare_name(*name) +
                "), which only its own program can load; save model.state_dict() there");
  }

  /// The name of what makes a tensor in a way that is not known.
  std::optional<std::string_view> unknown_tensor(PickleIndex value) const {
    if (pickle_.kind(value) != PickleKind::call) return {};
    const auto name = pickle_.other_global(pickle_.items(value)[0]);
    return name && name->starts_with("torch.") && name->find("._rebuild_") != name->npos ? name
                                                                                         : std::nullopt;
  }
  void refuse_unknown_tensor(std::string_view tensor, PickleIndex value) const {
    if (const auto name = unknown_tensor(value)) {
      fail("tensor " + quoted_name(tensor) + " is made by " + bare_name(*name) +
           ", which is not supported; save dense tensors of floats");
    }
  }

  bool may_be_tensor(PickleIndex value) const {
    if (pickle_.kind(value) != PickleKind::call) return false;
    const auto function = pickle_.global(pickle_.items(value)[0]);
    return function && *function < bytes_function;
  }

  PthTensor read_tensor(std::string_view name, PickleIndex call) const {
    const auto bad = [&](const std::string& what) { fail("tensor " + quoted_name(name) + " " + what); };
    constexpr int deepest = 4;  // parameter of tensor
    for (int depth = 0;; ++depth) {
      const auto parts = pickle_.items(call);
      const auto arguments = pickle_.items(parts[1]);
      const auto function = pickle_.global(parts[0]);
      if (!function || *function >= bytes_function || arguments.empty() || depth == deepest)
        bad("is made in an unknown way");
      if (*function < tensor_functions) return read_tensor(name, arguments);
      call = arguments[0];
      if (pickle_.kind(call) != PickleKind::call) bad("is made in an unknown way");
    }
  }

  /// storage, first element, extents, strides
  PthTensor read_tensor(std::string_view name, std::span<const PickleIndex> arguments) const {
    const auto bad = [&](const std::string& what) { fail("tensor " + quoted_name(name) + " " + what); };
    if (arguments.size() < 4 || pickle_.kind(arguments[0]) != PickleKind::persistent) bad("has no storage");
    PthTensor tensor{.name = name, .storage = read_storage(arguments[0]), .shape = {}};
    const std::optional<std::int64_t> first = pickle_.integer(arguments[1]);
    const auto extents = pickle_.items(arguments[2]);
    const auto strides = pickle_.items(arguments[3]);
    if (!first || *first < 0 || extents.size() != strides.size()) bad("has no proper shape");
    if (extents.size() > Shape::max_rank)
      bad("has " + std::to_string(extents.size()) + " dimensions; at most " +
          std::to_string(Shape::max_rank) + " can be read");
    std::array<std::int64_t, Shape::max_rank> shape{};
    std::int64_t elements = 1;
    std::uint64_t last = 0;  // the farthest element, behind the first
    bool too_large = false;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const auto extent = pickle_.integer(extents[i]);
      const auto stride = pickle_.integer(strides[i]);
      if (!extent || !stride || *extent < 0 || *stride < 0) bad("has no proper shape");
      shape[i] = *extent;
      tensor.strides[i] = *stride;
      too_large |= __builtin_mul_overflow(elements, std::max<std::int64_t>(*extent, 1), &elements);
      std::uint64_t reach = 0;
      if (*extent > 1)
        too_large |= __builtin_mul_overflow(static_cast<std::uint64_t>(*extent - 1),
                                            static_cast<std::uint64_t>(*stride), &reach);
      too_large |= __builtin_add_overflow(last, reach, &last);
    }
    tensor.shape = Shape(std::span<const std::int64_t>(shape.data(), extents.size()));
    too_large |=
        __builtin_add_overflow(tensor.storage.first, static_cast<std::uint64_t>(*first), &tensor.first);
    const bool none = std::find(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(extents.size()),
                                0) != shape.begin() + static_cast<std::ptrdiff_t>(extents.size());
    const std::uint64_t stored = tensor.storage.elements;
    if (none) tensor.first = 0;
    if (too_large || (!none && (tensor.first >= stored || last >= stored - tensor.first)))
      bad("reaches beyond the " + std::to_string(stored) + " values of its storage");
    return tensor;
  }

  const Pickle& pickle_;
  const std::string& file_;
};

}  // namespace

std::span<const std::string_view> pth_globals() {
  return globals;
}

std::vector<PthStorage> read_storages(const Pickle& pickle, const std::string& file) {
  const StateDictReader reader(pickle, file);
  std::vector<PthStorage> storages;
  for (PickleIndex value = 0; value < pickle.size(); ++value) {
    if (pickle.kind(value) != PickleKind::persistent) continue;
    const auto id = pickle.items(pickle.items(value)[0]);
    if (!id.empty() && pickle.text(id[0]) == "module") continue;  // a class's source, not values
    storages.push_back(reader.read_storage(value));
  }
  return storages;
}

std::vector<PthTensor> read_state_dict(const Pickle& pickle, const std::string& file) {
  return StateDictReader(pickle, file).read();
}

}  // namespace edge
