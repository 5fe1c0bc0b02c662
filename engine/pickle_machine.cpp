// The stack machine that a pickle is written for, reduced to what builds data.
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "engine/bytes.h"
#include "engine/pickle.h"
#include "engine/pickle_opcode.h"
#include "engine/pickle_stack.h"
#include "engine/quoted_name.h"

namespace edge {
namespace {

constexpr std::string_view ordered_dict = "collections.OrderedDict";
constexpr std::int64_t ordered_dict_index = -1;
/// Of names that the caller did not allow: more are called by the last one's name.
constexpr std::size_t most_other_globals = 1000;

}  // namespace

class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, FileReader& input, std::span<const std::string_view> globals,
                const std::string& file)
      : pickle_(pickle), input_(input), globals_(globals), stack_(pickle.values_, input, file) {}

  void run() {
    if (input_.number<std::uint8_t>() != static_cast<std::uint8_t>(Opcode::proto))
      stack_.fail("it does not begin as one");
    const auto protocol = input_.number<std::uint8_t>();
    if (protocol < 2 || protocol > 5)
      stack_.fail("of protocol " + std::to_string(protocol) + "; known are 2 to 5");
    for (;;) {
      stack_.spend(1);
      const auto opcode = static_cast<Opcode>(input_.number<std::uint8_t>());
      if (opcode == Opcode::stop) break;
      if (!run_value(opcode) && !run_container(opcode) && !run_object(opcode) && !run_stack(opcode)) {
        stack_.fail("opcode " + std::to_string(static_cast<int>(opcode)) +
                    " is not one that weight files need");
      }
    }
    pickle_.root_ = stack_.result();
  }

 private:
  using Kind = PickleKind;
  using Items = PickleStack::Items;

  void push_text(std::uint64_t length) { stack_.push(Kind::text, input_.text(length)); }

  /// Two's complement of any length.
  void push_long(std::string_view bytes) {
    if (bytes.size() > sizeof(std::int64_t)) return stack_.push(Kind::long_integer, bytes);
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
    std::int64_t integer = negative ? -1 : 0;
    if (!bytes.empty()) std::memcpy(&integer, bytes.data(), bytes.size());
    stack_.push(Kind::integer, integer);
  }

  void push_real() {  // the only big-endian number
    std::string bytes(input_.text(sizeof(double)));
    std::reverse(bytes.begin(), bytes.end());
    double real = 0;
    std::memcpy(&real, bytes.data(), sizeof(real));
    stack_.push(Kind::real, real);
  }

  bool run_value(Opcode opcode) {
    switch (opcode) {
      case Opcode::none:
        stack_.push(Kind::none, std::monostate{});
        return true;
      case Opcode::newtrue:
      case Opcode::newfalse:
        stack_.push(Kind::boolean, std::int64_t{opcode == Opcode::newtrue});
        return true;
      case Opcode::binint:
        stack_.push(Kind::integer, std::int64_t{input_.number<std::int32_t>()});
        return true;
      case Opcode::binint1:
        stack_.push(Kind::integer, std::int64_t{input_.number<std::uint8_t>()});
        return true;
      case Opcode::binint2:
        stack_.push(Kind::integer, std::int64_t{input_.number<std::uint16_t>()});
        return true;
      case Opcode::long1:
        push_long(input_.text(input_.number<std::uint8_t>()));
        return true;
      case Opcode::long4:
        push_long(input_.text(input_.number<std::uint32_t>()));
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
      case Opcode::binunicode8:
      case Opcode::binbytes8:
      case Opcode::bytearray8:
        push_text(input_.number<std::uint64_t>());
        return true;
      default:
        return false;
    }
  }

  /// Items of an object that is not built (a defaultdict, a class of its own) are dropped.
  void extend(Items items, Kind kind, const char* what) {
    PickleValue& value = stack_.value(stack_.top());
    if (value.kind == Kind::call) return;
    if (value.kind != kind) stack_.fail(what);
    Items& target = std::get<Items>(value.content);
    if (target.empty()) {
      target = std::move(items);
    } else {
      target.insert(target.end(), items.begin(), items.end());
    }
  }
  void extend_list(Items items) { extend(std::move(items), Kind::list, "it appends to other than a list"); }
  void extend_dictionary(Items items) {
    if (items.size() % 2 != 0) stack_.fail("a key has no value");
    extend(std::move(items), Kind::dictionary, "it sets an item of other than a dictionary");
  }

  bool run_container(Opcode opcode) {
    switch (opcode) {
      case Opcode::empty_tuple:
        stack_.push(Kind::tuple, Items{});
        return true;
      case Opcode::tuple1:
      case Opcode::tuple2:
      case Opcode::tuple3:
        stack_.push(Kind::tuple, stack_.pop(1 + static_cast<std::size_t>(opcode) -
                                            static_cast<std::size_t>(Opcode::tuple1)));
        return true;
      case Opcode::tuple:
        stack_.push(Kind::tuple, stack_.pop_to_mark());
        return true;
      case Opcode::empty_list:
      case Opcode::empty_set:
        stack_.push(Kind::list, Items{});
        return true;
      case Opcode::frozenset:
        stack_.push(Kind::list, stack_.pop_to_mark());
        return true;
      case Opcode::append:
        extend_list(stack_.pop(1));
        return true;
      case Opcode::appends:
      case Opcode::additems:
        extend_list(stack_.pop_to_mark());
        return true;
      case Opcode::empty_dict:
        stack_.push(Kind::dictionary, Items{});
        return true;
      case Opcode::setitem:
        extend_dictionary(stack_.pop(2));
        return true;
      case Opcode::setitems:
        extend_dictionary(stack_.pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  void push_global(std::string_view module, std::string_view name) {
    const std::string whole = std::string(module.substr(0, 100)).append(".").append(name.substr(0, 100));
    if (whole == ordered_dict) return stack_.push(Kind::global, ordered_dict_index);
    const auto found = std::find(globals_.begin(), globals_.end(), whole);
    if (found != globals_.end()) return stack_.push(Kind::global, std::int64_t{found - globals_.begin()});
    std::vector<std::string>& others = pickle_.other_globals_;
    const auto [known, added] = other_indices_.try_emplace(whole, others.size());
    if (added && others.size() < most_other_globals) {
      others.push_back(whole);
    } else if (added) {
      other_indices_.erase(known);
      return stack_.push(Kind::other_global, static_cast<std::int64_t>(others.size() - 1));
    }
    stack_.push(Kind::other_global, static_cast<std::int64_t>(known->second));
  }

  /// OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 writes it.
  void push_ordered_dict(PickleIndex arguments) {
    Items entries;
    if (const auto given = pickle_.items(arguments); !given.empty()) {
      if (given.size() > 1) stack_.fail("an OrderedDict is made from more than one value");
      for (const PickleIndex pair : pickle_.items(given[0])) {
        if (pickle_.items(pair).size() != 2) stack_.fail("an OrderedDict is made from other than pairs");
        stack_.spend(2);
        entries.insert(entries.end(), pickle_.items(pair).begin(), pickle_.items(pair).end());
      }
    }
    stack_.push(Kind::dictionary, std::move(entries));
  }

  /// What would be called is noted. It may also be what another call would give.
  void note_call(PickleIndex callee, PickleIndex arguments) {
    const Kind kind = stack_.value(callee).kind;
    if (kind != Kind::global && kind != Kind::other_global && kind != Kind::call && kind != Kind::persistent)
      stack_.fail("it calls something that is not a name");
    if (stack_.value(arguments).kind != Kind::tuple)
      stack_.fail("it calls something without a tuple of arguments");
    if (kind == Kind::global && std::get<std::int64_t>(stack_.value(callee).content) == ordered_dict_index)
      return push_ordered_dict(arguments);
    stack_.spend(2);
    stack_.push(Kind::call, Items{callee, arguments});
  }

  bool run_object(Opcode opcode) {
    switch (opcode) {
      case Opcode::global: {
        const std::string_view module = input_.line();
        push_global(module, input_.line());
        return true;
      }
      case Opcode::stack_global: {
        const auto name = pickle_.text(stack_.pop());
        const auto module = pickle_.text(stack_.pop());
        if (!name || !module) stack_.fail("a name is not text");
        push_global(*module, *name);
        return true;
      }
      case Opcode::newobj_ex:  // with a dictionary of arguments by name
        if (stack_.value(stack_.pop()).kind != Kind::dictionary)
          stack_.fail("it calls something without a dictionary of arguments");
        [[fallthrough]];
      case Opcode::newobj:
      case Opcode::reduce: {
        const PickleIndex arguments = stack_.pop();
        note_call(stack_.pop(), arguments);
        return true;
      }
      case Opcode::build:  // attributes, such as a state dict's _metadata: not needed
        stack_.pop();
        stack_.top();
        return true;
      case Opcode::binpersid:
        stack_.push(Kind::persistent, stack_.pop(1));
        return true;
      default:
        return false;
    }
  }

  bool run_stack(Opcode opcode) {
    switch (opcode) {
      case Opcode::mark:
        stack_.mark();
        return true;
      case Opcode::pop:
        stack_.pop();
        return true;
      case Opcode::pop_mark:
        stack_.pop_to_mark();
        return true;
      case Opcode::binget:
        stack_.push_stored(input_.number<std::uint8_t>());
        return true;
      case Opcode::long_binget:
        stack_.push_stored(input_.number<std::uint32_t>());
        return true;
      case Opcode::binput:
        stack_.store(input_.number<std::uint8_t>());
        return true;
      case Opcode::long_binput:
        stack_.store(input_.number<std::uint32_t>());
        return true;
      case Opcode::memoize:
        stack_.store_next();
        return true;
      case Opcode::frame:  // a hint for readers of streams
        input_.number<std::uint64_t>();
        return true;
      default:
        return false;
    }
  }

  Pickle& pickle_;
  FileReader& input_;
  std::span<const std::string_view> globals_;
  PickleStack stack_;
  std::unordered_map<std::string, std::size_t> other_indices_;
};

Pickle::Pickle(std::string_view bytes, std::uint64_t& position, std::span<const std::string_view> globals,
               const std::string& file) {
  FileReader input(bytes, file, position);
  PickleMachine(*this, input, globals, file).run();
  position = input.position();
}

}  // namespace edge
