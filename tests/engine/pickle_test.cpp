// Pickles opcode by opcode, and those that want more than data.
#include "engine/pickle.h"

#include <array>

#include "engine/quoted_name.h"
#include "tests/engine/support.h"
#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using namespace std::string_literals;
using test::error_of;
using test::u32;

constexpr std::array<std::string_view, 2> names{"torch.FloatStorage", "torch._utils.f"};
const std::string file = "w.pth";

/// A pickle together with the bytes that it views.
struct Read {
  explicit Read(std::string body, int protocol = 2)
      : bytes("\x80"s + static_cast<char>(protocol) + std::move(body)),
        pickle(bytes, position, names, file) {}
  std::string bytes;
  std::uint64_t position = 0;
  Pickle pickle;
  PickleIndex root() const { return pickle.root(); }
};

std::string pickle_refusal(const std::string& body, int protocol = 2) {
  return error_of([&] { const Read read(body, protocol); });
}

TEST(Pickle, values) {
  EXPECT_EQ(Read("N.").pickle.kind(0), PickleKind::none);
  EXPECT_EQ(Read("\x88.").pickle.boolean(0), true);
  EXPECT_EQ(Read("\x89.").pickle.boolean(0), false);
  EXPECT_EQ(Read("K\xff.").pickle.integer(0), 255);
  EXPECT_EQ(Read("M\xff\xff.").pickle.integer(0), 65535);
  EXPECT_EQ(Read("J\xfe\xff\xff\xff.").pickle.integer(0), -2);
  EXPECT_EQ(Read("\x8a\x00."s).pickle.integer(0), 0);
  EXPECT_EQ(Read("\x8a\x02\x00\xff."s).pickle.integer(0), -256);
  EXPECT_EQ(Read("\x8a\x05\x00\x00\x00\x00\x01."s).pickle.integer(0), std::int64_t{1} << 32);
  EXPECT_EQ(Read("\x8a\x09"s + "123456789" + ".").pickle.long_integer(0), "123456789");
  EXPECT_EQ(Read("G\x3f\xf8\0\0\0\0\0\0."s).pickle.kind(0), PickleKind::real);
  EXPECT_EQ(Read("X\x03\0\0\0abc."s).pickle.text(0), "abc");
  EXPECT_EQ(Read("U\x03"s + "abc.").pickle.text(0), "abc");
  EXPECT_EQ(Read("T\x03\0\0\0abc."s).pickle.text(0), "abc");
  EXPECT_EQ(Read("\x8c\x03"s + "abc.", 4).pickle.text(0), "abc");
}

TEST(Pickle, containers) {
  const Read read("}q\0(X\1\0\0\0aK\1X\1\0\0\0b](K\2K\3eX\1\0\0\0c(K\4K\5K\6K\7tu."s);
  const Pickle& pickle = read.pickle;
  ASSERT_EQ(pickle.kind(read.root()), PickleKind::dictionary);
  EXPECT_EQ(pickle.items(read.root()).size(), 6U);
  EXPECT_EQ(pickle.integer(*pickle.find(read.root(), "a")), 1);
  EXPECT_EQ(pickle.items(*pickle.find(read.root(), "b")).size(), 2U);
  EXPECT_EQ(pickle.integer(pickle.items(*pickle.find(read.root(), "c"))[3]), 7);
  EXPECT_FALSE(pickle.find(read.root(), "d"));
  EXPECT_FALSE(pickle.integer(read.root()));
  EXPECT_EQ(read.position, read.bytes.size());

  const Read tuples("K\1\x85K\2K\3\x86K\4K\5K\6\x87\x87."s);
  EXPECT_EQ(tuples.pickle.items(tuples.root()).size(), 3U);
  EXPECT_EQ(tuples.pickle.items(tuples.pickle.items(tuples.root())[2]).size(), 3U);
  const Read list("](K\1K\2eK\3a."s);
  EXPECT_EQ(list.pickle.items(list.root()).size(), 3U);
  const Read memo("(K\7q\0h\0r\0\1\0\0j\0\1\0\0t."s);
  EXPECT_EQ(memo.pickle.items(memo.root()).size(), 3U);
  EXPECT_EQ(memo.pickle.integer(memo.pickle.items(memo.root())[2]), 7);
}

TEST(Pickle, calls_are_noted_and_not_made) {
  const Read read("ctorch._utils\nf\n(K\1tR}b."s);
  ASSERT_EQ(read.pickle.kind(read.root()), PickleKind::call);
  const auto parts = read.pickle.items(read.root());
  EXPECT_EQ(read.pickle.global(parts[0]), 1U);
  EXPECT_EQ(read.pickle.integer(read.pickle.items(parts[1])[0]), 1);
  const Read persistent("K\1Q."s);
  EXPECT_EQ(persistent.pickle.kind(persistent.root()), PickleKind::persistent);
  const Read stacked("\x95\x10\0\0\0\0\0\0\0\x8c\x05torch\x94\x8c\x0c"s + "FloatStorage\x94\x93\x94.", 4);
  EXPECT_EQ(stacked.pickle.global(stacked.root()), 0U);
}

TEST(Pickle, ordered_dict_of_both_pythons) {
  const Read three("ccollections\nOrderedDict\n)R(X\1\0\0\0aK\1u}X\1\0\0\0mK\2sb."s);
  ASSERT_EQ(three.pickle.kind(three.root()), PickleKind::dictionary);
  EXPECT_EQ(three.pickle.integer(*three.pickle.find(three.root(), "a")), 1);
  const Read pairs("ccollections\nOrderedDict\n](](U\1aK\1e](U\1bK\2ee\x85R."s);
  EXPECT_EQ(pairs.pickle.integer(*pairs.pickle.find(pairs.root(), "b")), 2);
}

TEST(Pickle, other_names_are_inert) {
  const Read call("cos\nsystem\n(X\2\0\0\0lstR."s);
  ASSERT_EQ(call.pickle.kind(call.root()), PickleKind::call);
  const PickleIndex callee = call.pickle.items(call.root())[0];
  EXPECT_EQ(call.pickle.kind(callee), PickleKind::other_global);
  EXPECT_EQ(call.pickle.other_global(callee), "os.system");
  EXPECT_FALSE(call.pickle.global(callee));
  const Read stacked("\x8c\x08"s + "builtins\x8c\x04" + "eval\x93.", 4);
  EXPECT_EQ(stacked.pickle.other_global(stacked.root()), "builtins.eval");
  // A known name may not be split in another way: it has one dot more then.
  const Read split("ctorch._utils.f\n\n."s);
  EXPECT_FALSE(split.pickle.global(split.root()));
  const Read twice("(ca\nb\nca\nb\ncc\nd\nt."s);
  const auto items = twice.pickle.items(twice.root());
  EXPECT_EQ(twice.pickle.other_global(items[1]), "a.b");
  EXPECT_EQ(twice.pickle.other_global(items[2]), "c.d");
  // More names than any file needs, and long ones, cost little.
  std::string many = "(";
  for (int i = 0; i < 5000; ++i) many += "c" + std::string(5000, 'x') + std::to_string(i) + "\ny\n";
  EXPECT_EQ(pickle_refusal(many + "t."), "no error");
}

TEST(Pickle, objects_are_not_built) {
  // argparse.Namespace with attributes.
  const Read space("cargparse\nNamespace\n)\x81}(X\2\0\0\0lrK\1ub."s);
  EXPECT_EQ(space.pickle.kind(space.root()), PickleKind::call);
  // Containers of other classes: what is put into them is dropped.
  const Read counts("ccollections\ndefaultdict\ncbuiltins\nint\n\x85R(X\1\0\0\0aK\1uX\1\0\0\0bK\2s."s);
  EXPECT_EQ(counts.pickle.kind(counts.root()), PickleKind::call);
  const Read queue("ccollections\ndeque\n)R(K\1K\2eK\3a."s);
  EXPECT_EQ(queue.pickle.kind(queue.root()), PickleKind::call);
  const Read named("ca\nB\n)}\x92.", 4);
  EXPECT_EQ(named.pickle.kind(named.root()), PickleKind::call);
  // What a call gives is called, such as a bound method.
  const Read nested("cbuiltins\ngetattr\n(ca\nb\nX\1\0\0\0ctR)R."s);
  EXPECT_EQ(nested.pickle.kind(nested.root()), PickleKind::call);
}

TEST(Pickle, what_newer_protocols_add) {
  EXPECT_EQ(Read("\x8b\x02\0\0\0\x00\xff."s, 4).pickle.integer(0), -256);
  EXPECT_EQ(Read("\x8d\x03\0\0\0\0\0\0\0abc."s, 4).pickle.text(0), "abc");
  EXPECT_EQ(Read("\x8e\x03\0\0\0\0\0\0\0abc."s, 4).pickle.text(0), "abc");
  EXPECT_EQ(Read("\x96\x03\0\0\0\0\0\0\0abc."s, 5).pickle.text(0), "abc");
  const Read sets("\x8f(K\1K\2\x90(K\1K\2\x91\x86."s, 4);
  for (const PickleIndex set : sets.pickle.items(sets.root())) EXPECT_EQ(sets.pickle.items(set).size(), 2U);
  const Read popped(
      "K\1K\2"
      "0(K\3K\4"
      "1."s,
      4);
  EXPECT_EQ(popped.pickle.integer(popped.root()), 1);
  EXPECT_NE(pickle_refusal("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                           "abc."s,
                           4)
                .find("cut off"),
            std::string::npos);
  EXPECT_NE(pickle_refusal("ca\nB\n)K\1\x92."s, 4).find("without a dictionary"), std::string::npos);
}

TEST(Pickle, malformed) {
  const auto expect = [](const std::string& body, const std::string& part) {
    const std::string message = pickle_refusal(body);
    EXPECT_EQ(message.find("w.pth: "), 0U) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect("", "cut off");
  expect("N", "cut off");
  expect("X\xff\xff\xff\xff"s + "a.", "cut off");
  expect("ctorch", "a line has no end");
  expect(".", "other than one value");
  expect("NN.", "other than one value");
  expect("(N.", "other than one value");
  expect("t.", "a mark is missing");
  expect("(\x85.", "a value where there is none");
  expect("N(s.", "a value where there is none");
  expect("a.", "a value where there is none");
  expect("}K\1a.", "appends to other than a list");
  expect("]K\1K\1s.", "sets an item of other than a dictionary");
  expect("}(K\1u.", "a key has no value");
  expect("h\5."s, "did not store");
  expect("j\5\0\0\0."s, "did not store");
  expect("NNR.", "calls something that is not a name");
  expect("ctorch._utils\nf\nNR."s, "without a tuple");
  expect("ccollections\nOrderedDict\n](K\1e\x85R."s, "other than");
  expect("I01\n.", "opcode 73");
  expect("2.", "opcode 50");
  EXPECT_NE(pickle_refusal("N.", 1).find("of protocol 1"), std::string::npos);
  EXPECT_NE(pickle_refusal("N.", 6).find("of protocol 6"), std::string::npos);
}

TEST(Pickle, bombs_cost_little) {
  // Nesting: a hundred thousand lists in lists are no problem.
  std::string nested(100'000, ']');
  nested += std::string(99'999, 'a') + ".";
  EXPECT_EQ(pickle_refusal(nested), "no error");
  // More of anything than a network needs is.
  EXPECT_NE(pickle_refusal(std::string(2'000'000, ']')).find("far longer"), std::string::npos);
  // References that double what they refer to take no more room than the references.
  std::string doubling = "]q\0"s;
  for (int i = 0; i < 100; ++i) doubling += "](h\0h\0eq\0"s;
  EXPECT_NE(pickle_refusal(doubling + ".").find("other than one value"), std::string::npos);
  // A memo index is no size.
  EXPECT_EQ(pickle_refusal("Nr\xff\xff\xff\xff."s), "no error");
  // An OrderedDict made again and again from one long list.
  std::string repeated = "]("s;
  for (int i = 0; i < 1000; ++i) repeated += "NN\x86"s;
  repeated += "e\x85q\0"s;
  for (int i = 0; i < 1000; ++i) repeated += "ccollections\nOrderedDict\nh\0R"s;
  EXPECT_NE(pickle_refusal(repeated + ".").find("far longer"), std::string::npos);
  // A list that contains itself.
  EXPECT_EQ(pickle_refusal("]q\0h\0a."s), "no error");
}

}  // namespace
}  // namespace edge
