// The index of PyTorch's files of weights: state dicts as torch.save writes them, in both layouts
// (docs/weights.md). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/stored_tensor.h"

namespace edge {

/// By the first bytes: a zip archive, or a pickle.
bool looks_like_pth(std::string_view bytes);

/// All tensors of the state dict. Nothing of the file's pickle is executed. Throws Error with `file` (used in
/// messages) and what is wrong: damaged, cut off, a program or a whole model, not a state dict.
WeightIndex read_pth_index(std::string_view bytes, const std::string& file);

}  // namespace edge
