// Reads Python pickles as plain data: a pickle is a program for a small stack machine, and Python's own
// reader calls whatever functions it names. This one calls nothing. It knows the opcodes that torch.save and
// training scripts write (protocols 2 to 5) and builds a flat table of values, in which calls and names that
// the caller does not list are inert.
//
// Any thread. Hostile input costs at most some 100 MB and a fraction of a second: nothing is allocated by a
// count that the file states, nesting is not recursion, texts are views of the file's bytes. Format:
// Python's Lib/pickletools.py.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edge {

/// A value's place in its Pickle's table.
using PickleIndex = std::uint32_t;

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,          ///< str; also bytes, and Python 2's str
  long_integer,  ///< beyond 64 bits: its bytes, little-endian
  list,
  tuple,
  dictionary,    ///< also collections.OrderedDict; items are key, value, key, value ...
  global,        ///< one of the names that the caller knows, as its index there
  other_global,  ///< any other name
  call,          ///< items: what would be called, its arguments (a tuple). Nothing is called.
  persistent     ///< items: the id of something that lies outside of the pickle
};

/// One entry of a Pickle's table.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  std::variant<std::monostate, std::int64_t, double, std::string_view, std::vector<PickleIndex>> content = {};
};

class Pickle {
 public:
  /// Reads the pickle at `position` of `bytes` and moves `position` behind it. `globals`: known names, as
  /// "module.name". Throws Error with `file` (used in messages) and what is wrong. Bytes and globals must
  /// outlive this.
  Pickle(std::string_view bytes, std::uint64_t& position, std::span<const std::string_view> globals,
         const std::string& file);

  PickleIndex root() const { return root_; }
  /// Values are 0 to size() - 1.
  PickleIndex size() const { return static_cast<PickleIndex>(values_.size()); }
  PickleKind kind(PickleIndex value) const { return values_[value].kind; }
  /// Of lists, tuples, dictionaries, calls, persistents; of other kinds empty.
  std::span<const PickleIndex> items(PickleIndex value) const;
  /// Nothing if the value is of another kind.
  std::optional<std::int64_t> integer(PickleIndex value) const;
  std::optional<bool> boolean(PickleIndex value) const;
  std::optional<std::string_view> text(PickleIndex value) const;
  std::optional<std::string_view> long_integer(PickleIndex value) const;
  /// Its index in the known globals.
  std::optional<std::size_t> global(PickleIndex value) const;
  /// "module.name" of an other_global, as the file spells it.
  std::optional<std::string_view> other_global(PickleIndex value) const;
  /// The value behind the last such key of a dictionary; nothing for other kinds.
  std::optional<PickleIndex> find(PickleIndex dictionary, std::string_view key) const;

 private:
  friend class PickleMachine;
  std::vector<PickleValue> values_;
  std::vector<std::string> other_globals_;
  PickleIndex root_ = 0;
};

}  // namespace edge
