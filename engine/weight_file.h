// Weight files: PyTorch's .pth in both layouts, and .safetensors (docs/weights.md). Which it is shows by the
// content, not by the name.
//
// Thread-safe. What a file says is checked before it is believed: every fault is an Error with the file's
// name in front. Reading the index reads only the index; values are mapped and read when they are used.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "engine/mapped_file.h"
#include "engine/stored_tensor.h"
#include "engine/weights.h"

namespace edge {

/// Any file of named tensors. Tensors that it hands out keep the mapping alive.
class WeightFile {
 public:
  explicit WeightFile(const std::string& file) : WeightFile(std::make_shared<MappedFile>(file)) {}
  explicit WeightFile(std::shared_ptr<const MappedFile> file);

  const std::string& name() const { return file_->name(); }
  const MappedFile::Version& version() const { return file_->version(); }
  std::size_t bytes() const { return file_->bytes().size(); }
  /// By name.
  const WeightIndex& tensors() const { return index_; }
  /// Null if there is none of this name.
  const StoredTensor* find(std::string_view tensor) const;

  /// Throws Error if the file was overwritten since it was opened.
  void check_unchanged() const { file_->check_unchanged(); }

  /// float32 values, row after row; `tensor` must have a format. A view of the mapped file if they are stored
  /// like that at a multiple of 4 bytes (never write to it), else a copy.
  Array load(const StoredTensor& tensor) const;
  /// The digest (ValueDigest) of the values that load() gives, and how many of them are not finite. Needs
  /// little memory.
  struct Scan {
    std::string digest;
    std::size_t not_finite = 0;
  };
  Scan scan(const StoredTensor& tensor) const;

 private:
  /// Values first .. first + count - 1.
  void read(const StoredTensor& tensor, std::int64_t first, std::size_t count, float* to) const;
  std::string_view part(const StoredTensor& tensor, std::int64_t first, std::size_t count) const;

  std::shared_ptr<const MappedFile> file_;
  WeightIndex index_;
};

struct FileWeightsOptions {
  /// The graph ends before the network's classifier: what belongs to that is not reported as unused.
  bool features_only = false;
  /// Where identity() is kept, so that a file is read for it only once. Empty: nowhere.
  std::filesystem::path cache_directory = {};
};

/// The parameters of one network from a file.
class FileWeights final : public WeightSource {
 public:
  /// Throws Error, one line with all names (of many, the first eight): parameters that are missing or have
  /// another shape or type. The file may hold other tensors: unused().
  FileWeights(std::shared_ptr<const WeightFile> file, const Graph& graph, FileWeightsOptions options = {});

  /// Throws Error if a value is infinite or NaN, unless identity() has found all of them finite.
  Array load(const ParameterSpec& parameter) const override;
  void check_unchanged() const override { file_->check_unchanged(); }
  /// SHA-256 over the names and float32 values of all parameters: the same for all kinds of file that hold
  /// the same values. The first call reads all of them, unless the cache directory knows the file. Throws
  /// Error with the names of all parameters that have infinite values or NaNs.
  std::string identity() const override;

  /// Floating-point tensors of the file that the network does not have, except those that are known to serve
  /// training only (GoogLeNet's auxiliary classifiers).
  const std::vector<std::string>& unused() const { return unused_; }

 private:
  void check(const Graph& graph) const;
  void collect_unused(const Graph& graph, bool features_only);
  std::string compute_identity() const;

  std::shared_ptr<const WeightFile> file_;
  std::filesystem::path cache_directory_;
  std::vector<std::string> parameters_;  ///< of the network, in its order
  std::vector<std::string> unused_;
  mutable std::mutex mutex_;
  mutable std::string identity_;          ///< empty: not computed yet
  mutable std::set<std::string> finite_;  ///< parameters without infinite values and NaNs
};

/// "a, b, c", of more than eight names "a, ..., h and 4 more".
std::string listed(const std::vector<std::string>& names);

}  // namespace edge
