// The stack machine that a pickle is written for, reduced to what builds data.
#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/byte_cursor.h"
#include "engine/error.h"
#include "engine/pickle.h"
#include "engine/quoted_name.h"

namespace edge {
namespace {

/// Values, items of containers and instructions: ResNet152's state dict has 40,000.
constexpr std::size_t most_work = 1'000'000;

constexpr std::string_view ordered_dict = "collections.OrderedDict";

/// Those of pickletools.py that torch.save uses, by the same names.
enum class Opcode : std::uint8_t {
  mark = '(',
  stop = '.',
  binfloat = 'G',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  none = 'N',
  binpersid = 'Q',
  reduce = 'R',
  binstring = 'T',
  short_binstring = 'U',
  binunicode = 'X',
  empty_list = ']',
  append = 'a',
  build = 'b',
  global = 'c',
  empty_dict = '}',
  appends = 'e',
  binget = 'h',
  long_binget = 'j',
  binput = 'q',
  long_binput = 'r',
  setitem = 's',
  tuple = 't',
  empty_tuple = ')',
  setitems = 'u',
  binbytes = 'B',
  short_binbytes = 'C',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  short_binunicode = 0x8c,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
};

}  // namespace

class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, ByteCursor& input, std::span<const std::string_view> globals,
                const std::string& file)
      : pickle_(pickle), input_(input), globals_(globals), file_(file) {}

  void run() {
    if (input_.number<std::uint8_t>() != static_cast<std::uint8_t>(Opcode::proto))
      fail("it does not begin as one");
    const auto protocol = input_.number<std::uint8_t>();
    if (protocol < 2 || protocol > 5) fail("of protocol " + std::to_string(protocol) + "; known are 2 to 5");
    for (;;) {
      spend(1);
      const auto opcode = static_cast<Opcode>(input_.number<std::uint8_t>());
      if (opcode == Opcode::stop) break;
      if (!run_value(opcode) && !run_container(opcode) && !run_object(opcode)) {
        fail("opcode " + std::to_string(static_cast<int>(opcode)) + " is not one that weight files need");
      }
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("it ends with other than one value");
    pickle_.root_ = stack_.back();
  }

 private:
  using Kind = PickleKind;
  using Items = std::vector<PickleIndex>;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(file_ + ": damaged, or not from torch.save: a pickle at byte " +
                std::to_string(input_.position()) + ": " + what);
  }

  void spend(std::size_t work) {
    work_ += work;
    if (work_ > most_work) fail("it is far longer than that of any network");
  }

  Pickle::Value& value(PickleIndex index) { return pickle_.values_[index]; }

  template <class Content>
  void push(Kind kind, Content content) {
    pickle_.values_.push_back({kind, std::move(content)});
    stack_.push_back(static_cast<PickleIndex>(pickle_.values_.size() - 1));
  }

  /// How many values lie above the last mark.
  std::size_t above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  PickleIndex pop() {
    if (above_mark() == 0) fail("it takes a value where there is none");
    const PickleIndex top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleIndex top() const {
    if (above_mark() == 0) fail("it takes a value where there is none");
    return stack_.back();
  }
  Items pop(std::size_t count) {
    if (above_mark() < count) fail("it takes a value where there is none");
    spend(count);
    Items items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  Items pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    Items items = pop(above_mark());
    marks_.pop_back();
    return items;
  }

  void push_integer(std::int64_t integer) { push(Kind::integer, integer); }
  void push_text(std::uint64_t length) { push(Kind::text, input_.take(length)); }

  /// Two's complement of any length.
  void push_long(std::string_view bytes) {
    if (bytes.size() > sizeof(std::int64_t)) return push(Kind::long_integer, bytes);
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
    std::int64_t integer = negative ? -1 : 0;
    std::memcpy(&integer, bytes.data(), bytes.size());
    push_integer(integer);
  }

  void push_real() {  // the only big-endian number
    std::string bytes(input_.take(sizeof(double)));
    std::reverse(bytes.begin(), bytes.end());
    double real = 0;
    std::memcpy(&real, bytes.data(), sizeof(real));
    push(Kind::real, real);
  }

  void push_global(std::string_view module, std::string_view name) {
    const std::string whole = std::string(module.substr(0, 100)).append(".").append(name.substr(0, 100));
    if (whole == ordered_dict) return push(Kind::global, ordered_dict_index);
    const auto found = std::find(globals_.begin(), globals_.end(), whole);
    if (found == globals_.end()) {
      const std::string quoted = quoted_name(whole);
      throw Error(
          file_ + ": names " + quoted.substr(1, quoted.size() - 2) +
          ": refused, as a weight file may hold nothing but tensors in containers; save model.state_dict()");
    }
    push(Kind::global, std::int64_t{found - globals_.begin()});
  }

  bool run_value(Opcode opcode) {
    switch (opcode) {
      case Opcode::none:
        push(Kind::none, std::monostate{});
        return true;
      case Opcode::newtrue:
      case Opcode::newfalse:
        push(Kind::boolean, std::int64_t{opcode == Opcode::newtrue});
        return true;
      case Opcode::binint:
        push_integer(input_.number<std::int32_t>());
        return true;
      case Opcode::binint1:
        push_integer(input_.number<std::uint8_t>());
        return true;
      case Opcode::binint2:
        push_integer(input_.number<std::uint16_t>());
        return true;
      case Opcode::long1:
        push_long(input_.take(input_.number<std::uint8_t>()));
        return true;
      case Opcode::binfloat:
        push_real();
        return true;
      case Opcode::binunicode:
      case Opcode::binstring:
      case Opcode::binbytes:
        push_text(input_.number<std::uint32_t>());
        return true;
      case Opcode::short_binunicode:
      case Opcode::short_binstring:
      case Opcode::short_binbytes:
        push_text(input_.number<std::uint8_t>());
        return true;
      default:
        return false;
    }
  }

  void extend(Items items, Kind kind, const char* what) {
    if (value(top()).kind != kind) fail(what);
    Items& target = std::get<Items>(value(top()).content);
    if (target.empty()) {
      target = std::move(items);
    } else {
      target.insert(target.end(), items.begin(), items.end());
    }
  }
  void extend_list(Items items) { extend(std::move(items), Kind::list, "it appends to other than a list"); }
  void extend_dictionary(Items items) {
    if (items.size() % 2 != 0) fail("a key has no value");
    extend(std::move(items), Kind::dictionary, "it sets an item of other than a dictionary");
  }

  bool run_container(Opcode opcode) {
    switch (opcode) {
      case Opcode::mark:
        marks_.push_back(stack_.size());
        return true;
      case Opcode::empty_tuple:
        push(Kind::tuple, Items{});
        return true;
      case Opcode::tuple1:
      case Opcode::tuple2:
      case Opcode::tuple3:
        push(Kind::tuple,
             pop(1 + static_cast<std::size_t>(opcode) - static_cast<std::size_t>(Opcode::tuple1)));
        return true;
      case Opcode::tuple:
        push(Kind::tuple, pop_to_mark());
        return true;
      case Opcode::empty_list:
        push(Kind::list, Items{});
        return true;
      case Opcode::append:
        extend_list(pop(1));
        return true;
      case Opcode::appends:
        extend_list(pop_to_mark());
        return true;
      case Opcode::empty_dict:
        push(Kind::dictionary, Items{});
        return true;
      case Opcode::setitem:
        extend_dictionary(pop(2));
        return true;
      case Opcode::setitems:
        extend_dictionary(pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  void get(std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("it refers to a value that it did not store");
    stack_.push_back(found->second);
  }

  /// OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 writes it.
  void push_ordered_dict(PickleIndex arguments) {
    Items entries;
    if (const auto given = pickle_.items(arguments); !given.empty()) {
      if (given.size() > 1) fail("an OrderedDict is made from more than one value");
      for (const PickleIndex pair : pickle_.items(given[0])) {
        if (pickle_.items(pair).size() != 2) fail("an OrderedDict is made from other than pairs");
        spend(2);
        entries.insert(entries.end(), pickle_.items(pair).begin(), pickle_.items(pair).end());
      }
    }
    push(Kind::dictionary, std::move(entries));
  }

  void reduce() {
    const PickleIndex arguments = pop();
    const PickleIndex callee = pop();
    if (value(callee).kind != Kind::global) fail("it calls something that is not a name");
    if (value(arguments).kind != Kind::tuple) fail("it calls something without a tuple of arguments");
    if (std::get<std::int64_t>(value(callee).content) == ordered_dict_index)
      return push_ordered_dict(arguments);
    spend(2);
    push(Kind::call, Items{callee, arguments});
  }

  bool run_object(Opcode opcode) {
    switch (opcode) {
      case Opcode::global: {
        const std::string_view module = input_.line();
        push_global(module, input_.line());
        return true;
      }
      case Opcode::stack_global: {
        const PickleIndex name = pop();
        const PickleIndex module = pop();
        if (!pickle_.text(name) || !pickle_.text(module)) fail("a name is not text");
        push_global(*pickle_.text(module), *pickle_.text(name));
        return true;
      }
      case Opcode::reduce:
        reduce();
        return true;
      case Opcode::build:  // attributes, such as a state dict's _metadata: not needed
        pop();
        top();
        return true;
      case Opcode::binpersid:
        push(Kind::persistent, pop(1));
        return true;
      case Opcode::binget:
        get(input_.number<std::uint8_t>());
        return true;
      case Opcode::long_binget:
        get(input_.number<std::uint32_t>());
        return true;
      case Opcode::binput:
        memo_[input_.number<std::uint8_t>()] = top();
        return true;
      case Opcode::long_binput:
        memo_[input_.number<std::uint32_t>()] = top();
        return true;
      case Opcode::memoize: {
        const PickleIndex stored = top();
        memo_[static_cast<std::uint32_t>(memo_.size())] = stored;
        return true;
      }
      case Opcode::frame:  // a hint for readers of streams
        input_.number<std::uint64_t>();
        return true;
      default:
        return false;
    }
  }

  static constexpr std::int64_t ordered_dict_index = -1;

  Pickle& pickle_;
  ByteCursor& input_;
  std::span<const std::string_view> globals_;
  const std::string& file_;
  std::size_t work_ = 0;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack
  std::unordered_map<std::uint32_t, PickleIndex> memo_;
};

Pickle::Pickle(std::string_view bytes, std::uint64_t& position, std::span<const std::string_view> globals,
               const std::string& file) {
  ByteCursor input(bytes, file, position);
  PickleMachine(*this, input, globals, file).run();
  position = input.position();
}

}  // namespace edge
