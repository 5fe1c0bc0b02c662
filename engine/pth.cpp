#include "engine/pth.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "engine/bytes.h"
#include "engine/error.h"
#include "engine/pickle.h"
#include "engine/pth_state_dict.h"
#include "engine/quoted_name.h"
#include "engine/zip_archive.h"

namespace edge {
namespace {

constexpr std::string_view zip_magic{"PK\3\4", 4};
constexpr char pickle_magic = '\x80';
/// torch.serialization.MAGIC_NUMBER: what the legacy layout begins with, as a pickled integer.
constexpr std::string_view legacy_magic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
constexpr std::int64_t legacy_protocol = 1001;

/// Where each storage's values begin, in bytes of the file.
using StoragePositions = std::unordered_map<std::string_view, std::uint64_t>;

/// How many bytes; Error if they are more than `most`.
std::uint64_t checked_bytes(const PthStorage& storage, std::uint64_t most, const std::string& file) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(storage.elements, storage.type->bytes, &bytes) || bytes > most) {
    throw Error(file + ": cut off, or damaged: storage " + quoted_name(storage.key) + " has " +
                std::to_string(storage.elements) + " values of " + storage.type->name +
                ", but there are only " + std::to_string(most) + " bytes");
  }
  return bytes;
}

WeightIndex index_of(const std::vector<PthTensor>& tensors, const StoragePositions& positions,
                     const std::string& file) {
  WeightIndex index;
  for (const PthTensor& tensor : tensors) {
    const auto position = positions.find(tensor.storage.key);
    if (position == positions.end()) {
      throw Error(file + ": cut off, or damaged: the values of " + quoted_name(tensor.name) +
                  " are missing (storage " + quoted_name(tensor.storage.key) + ")");
    }
    index.push_back({.name = std::string(tensor.name),
                     .format = tensor.storage.type->format,
                     .type_name = tensor.storage.type->name,
                     .shape = tensor.shape,
                     .strides = tensor.strides,
                     .offset = position->second + tensor.first * tensor.storage.type->bytes});
  }
  return index;
}

/// NAME/constants.pkl and NAME/code/*.py; until PyTorch 1.3 NAME/model.json.
bool is_of_a_program(const ZipArchive::Entry& entry) {
  const std::size_t slash = entry.name.find('/');
  if (slash == entry.name.npos) return false;
  const std::string_view name = entry.name.substr(slash + 1);
  return name == "constants.pkl" || name == "model.json" ||
         (name.starts_with("code/") && name.ends_with(".py"));
}

/// NAME/data.pkl and NAME/data/KEY for each storage.
WeightIndex read_zip_layout(std::string_view bytes, const std::string& file) {
  constexpr std::string_view pickle_name = "/data.pkl";
  const ZipArchive archive(bytes, file);
  const auto& entries = archive.entries();
  if (std::any_of(entries.begin(), entries.end(), is_of_a_program))
    throw Error(file + ": a TorchScript program; save the state_dict() of the model instead");
  const auto pickle_entry = std::find_if(entries.begin(), entries.end(), [&](const ZipArchive::Entry& entry) {
    return entry.name.ends_with(pickle_name) &&
           entry.name.find('/') == entry.name.size() - pickle_name.size();
  });
  if (pickle_entry == entries.end())
    throw Error(file + ": a zip archive, but not from torch.save: it has no data.pkl");
  const std::string directory(pickle_entry->name.substr(0, pickle_entry->name.size() - pickle_name.size()));
  if (const auto order = archive.find(directory + "/byteorder"); order && *order != "little")
    throw Error(file + ": written on a big-endian machine; load and save it with PyTorch on a PC");

  std::uint64_t position = 0;
  const Pickle pickle(pickle_entry->contents, position, pth_globals(), file);
  StoragePositions positions;
  const std::vector<PthTensor> tensors = read_state_dict(pickle, file);
  for (const PthTensor& tensor : tensors) {
    const auto contents = archive.find(directory + "/data/" + std::string(tensor.storage.key.substr(0, 256)));
    if (!contents) continue;
    checked_bytes(tensor.storage, contents->size(), file);
    positions[tensor.storage.key] = static_cast<std::uint64_t>(contents->data() - bytes.data());
  }
  return index_of(tensors, positions, file);
}

void check_legacy_header(std::string_view bytes, std::uint64_t& position, const std::string& file) {
  const Pickle magic(bytes, position, {}, file);
  if (magic.long_integer(magic.root()) != legacy_magic)
    throw Error(file + ": a pickle, but not from torch.save: it does not begin with PyTorch's magic number");
  const Pickle protocol(bytes, position, {}, file);
  if (protocol.integer(protocol.root()) != legacy_protocol)
    throw Error(file + ": of an unknown protocol of torch.save");
  const Pickle system(bytes, position, {}, file);
  const auto little_endian = system.find(system.root(), "little_endian");
  if (little_endian && system.boolean(*little_endian) == false)
    throw Error(file + ": written on a big-endian machine; load and save it with PyTorch on a PC");
}

/// Pickles of a magic number, a protocol, the machine's properties, the object, the storages' keys; then each
/// storage in the order of its key: its number of elements, its values.
WeightIndex read_legacy_layout(std::string_view bytes, const std::string& file) {
  std::uint64_t position = 0;
  check_legacy_header(bytes, position, file);
  const Pickle pickle(bytes, position, pth_globals(), file);
  const std::vector<PthTensor> tensors = read_state_dict(pickle, file);
  const Pickle keys(bytes, position, {}, file);

  std::unordered_map<std::string_view, PthStorage> storages;
  for (const PthStorage& storage : read_storages(pickle, file)) {
    const auto [known, added] = storages.emplace(storage.key, storage);
    if (!added &&
        (known->second.type->bytes != storage.type->bytes || known->second.elements != storage.elements))
      throw Error(file + ": damaged: storage " + quoted_name(storage.key) + " has two sizes");
  }
  StoragePositions positions;
  FileReader cursor(bytes, file, position);
  for (const PickleIndex item : keys.items(keys.root())) {
    const auto key = keys.text(item);
    const auto storage = key ? storages.find(*key) : storages.end();
    if (storage == storages.end()) throw Error(file + ": damaged: it has values that belong to no tensor");
    const auto elements = cursor.number<std::int64_t>();
    if (elements < 0 || static_cast<std::uint64_t>(elements) != storage->second.elements)
      throw Error(file + ": damaged: storage " + quoted_name(*key) +
                  " has another size than its tensors say");
    positions[storage->first] = cursor.position();
    cursor.take(checked_bytes(storage->second, cursor.left(), file));
  }
  if (cursor.left() > 0)
    throw Error(file + ": damaged: " + std::to_string(cursor.left()) +
                " bytes at the end belong to no tensor");
  return index_of(tensors, positions, file);
}

}  // namespace

bool looks_like_pth(std::string_view bytes) {
  return bytes.starts_with(zip_magic) || bytes.starts_with(pickle_magic);
}

WeightIndex read_pth_index(std::string_view bytes, const std::string& file) {
  return bytes.starts_with(zip_magic) ? read_zip_layout(bytes, file) : read_legacy_layout(bytes, file);
}

}  // namespace edge
