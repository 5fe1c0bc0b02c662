// Any bytes as a .pth file of either layout, and as the pickle within one: refused with one line, or an index
// whose tensors lie within the file.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/pth.h"
#include "engine/pth_state_dict.h"
#include "tests/fuzz/weight_index.h"

namespace {

using namespace edge;

const std::string file = "fuzz.pth";

void read_as_pickle(std::string_view bytes) {
  std::uint64_t position = 0;
  const Pickle pickle(bytes, position, pth_globals(), file);
  if (position > bytes.size()) std::abort();
  for (const PthTensor& tensor : read_state_dict(pickle, file)) {
    if (tensor.shape.elements() > 0 && tensor.first >= tensor.storage.elements) std::abort();
  }
  read_storages(pickle, file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!looks_like_pth(bytes)) return -1;  // not for the corpus
  try {
    fuzz::check_index(read_pth_index(bytes, file), bytes);
  } catch (const Error& error) {
    fuzz::check_message(error);
  }
  try {
    read_as_pickle(bytes);
  } catch (const Error& error) {
    fuzz::check_message(error);
  }
  return 0;
}
