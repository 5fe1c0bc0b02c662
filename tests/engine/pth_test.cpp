// State dicts as PyTorch 1.13 wrote them (tests/engine/data/make_weights.py), in both layouts, and broken
// ones.
#include "engine/pth.h"

#include <bit>

#include "engine/value_digest.h"
#include "engine/weight_file.h"
#include "tests/engine/support.h"
#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using namespace std::string_literals;
using test::error_of;
using test::stored_values;
using test::test_data;

class Pth : public test::TemporaryFiles {
 protected:
  static Array load(const WeightFile& file, const std::string& name) {
    const StoredTensor* const stored = file.find(name);
    EXPECT_NE(stored, nullptr) << file.name() << ": " << name;
    if (stored == nullptr || !stored->format) return {};
    const Array tensor = file.load(*stored);
    ValueDigest digest;
    digest.add(tensor.values().data(), tensor.elements());
    EXPECT_EQ(file.scan(*stored).digest, digest.hexadecimal()) << name;
    return tensor;
  }
  static void expect_stored(const WeightFile& file, const std::string& name, const Shape& shape) {
    const Array tensor = load(file, name);
    ASSERT_EQ(tensor.shape(), shape) << name;
    const std::vector<float> expected = stored_values(name, tensor.elements());
    EXPECT_EQ(std::vector<float>(tensor.values().begin(), tensor.values().end()), expected) << name;
  }
  std::string refusal(const std::string& bytes) const {
    const std::string name = write(bytes);
    const std::string message = error_of([&] {
      const WeightFile file(name);
      for (const StoredTensor& stored : file.tensors()) {
        if (stored.format && stored.shape.elements() < 1000) (void)file.load(stored);
      }
    });
    if (message == "no error") return message;
    EXPECT_EQ(message.find(name + ": "), 0U) << message;
    return message.substr(std::min(message.size(), name.size() + 2));
  }
};

TEST_F(Pth, state_dict_of_a_module) {
  for (const char* const name : {"module.pth", "module.legacy.pth"}) {
    const WeightFile file(test_data(name));
    EXPECT_EQ(file.tensors().size(), 9U);
    expect_stored(file, "conv.weight", {4, 3, 3, 3});
    expect_stored(file, "conv.bias", {4});
    for (const char* const norm : {"norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"})
      expect_stored(file, norm, {4});
    expect_stored(file, "fc.weight", {2, 5});
    expect_stored(file, "fc.bias", {2});
    const StoredTensor* const batches = file.find("norm.num_batches_tracked");
    ASSERT_NE(batches, nullptr);
    EXPECT_FALSE(batches->format);
    EXPECT_EQ(batches->type_name, "int64");
  }
  for (const char* const name : {"parameters.pth", "parameters.legacy.pth"}) {
    const WeightFile file(test_data(name));
    EXPECT_EQ(file.tensors().size(), 6U);
    expect_stored(file, "conv.weight", {4, 3, 3, 3});
    expect_stored(file, "norm.bias", {4});
  }
}

TEST_F(Pth, other_formats_of_numbers) {
  for (const char* const name : {"half.pth", "half.legacy.pth", "bfloat16.pth", "bfloat16.legacy.pth"}) {
    const WeightFile file(test_data(name));
    expect_stored(file, "a", {2, 3});
    expect_stored(file, "b", {2, 3});
  }
  expect_stored(WeightFile(test_data("double.pth")), "a", {2, 3});
  expect_stored(WeightFile(test_data("double.legacy.pth")), "a", {2, 3});
  expect_stored(WeightFile(test_data("protocol4.pth")), "b", {2});
}

TEST_F(Pth, views_strides_and_shared_storages) {
  for (const char* const name : {"strided.pth", "strided.legacy.pth"}) {
    const WeightFile file(test_data(name));
    expect_stored(file, "first", {2, 3});
    expect_stored(file, "second", {4});
    expect_stored(file, "transposed", {4, 3});
    expect_stored(file, "channels_last", {2, 3, 4, 5});
    expect_stored(file, "every_second", {5});
    expect_stored(file, "half", {3, 2});
    expect_stored(file, "scalar", {});
    EXPECT_EQ(load(file, "none").shape(), (Shape{0, 3}));
    const Array expanded = load(file, "expanded");
    EXPECT_EQ(expanded.shape(), (Shape{2, 3}));
    EXPECT_EQ(expanded.values().data()[2], 0.5F);
    EXPECT_EQ(expanded.values().data()[3], 1.5F);
  }
}

TEST_F(Pth, wrapped_by_a_training_script) {
  for (const char* const name : {"wrapped.pth", "wrapped.legacy.pth"}) {
    const WeightFile file(test_data(name));
    EXPECT_EQ(file.tensors().size(), 2U);
    expect_stored(file, "a", {2});
    expect_stored(file, "b", {2});
  }
}

TEST_F(Pth, aligned_values_are_views_of_the_file) {
  const WeightFile file(test_data("module.pth"));
  const StoredTensor* const stored = file.find("conv.weight");
  EXPECT_EQ(file.load(*stored).data(), file.load(*stored).data());
  const WeightFile half(test_data("half.pth"));
  const Array copy = half.load(*half.find("a"));
  EXPECT_NE(copy.values().data(), half.load(*half.find("a")).values().data());
  Array outlives;
  {
    const WeightFile closed(test_data("module.pth"));
    outlives = closed.load(*closed.find("conv.bias"));
  }
  EXPECT_EQ(outlives.values()[0], stored_values("conv.bias", 1)[0]);
}

TEST_F(Pth, what_would_run_code_is_not_run) {
  std::filesystem::remove("executed");
  for (const char* const name : {"attack.pth", "attack.legacy.pth"}) {
    const std::string message = error_of([&] { const WeightFile file(test_data(name)); });
    EXPECT_NE(message.find(std::string(name) +
                           ": not a state dict that can be read: it holds no state dict: no tensors by name, "
                           "but \"a\"; save model.state_dict()"),
              std::string::npos)
        << message;
  }
  EXPECT_FALSE(std::filesystem::exists("executed"));
  const std::string message = error_of([&] { const WeightFile file(test_data("whole_module.pth")); });
  EXPECT_NE(
      message.find("a whole pickled model (__main__.Network), which only its own program can load; save "
                   "model.state_dict() there"),
      std::string::npos)
      << message;
}

TEST_F(Pth, not_weight_files) {
  EXPECT_EQ(refusal(""), "empty");
  EXPECT_EQ(refusal("hello"), "neither a PyTorch file (.pth, .pt) nor safetensors");
  EXPECT_EQ(refusal("\x80\2N."s),
            "a pickle, but not from torch.save: it does not begin with PyTorch's magic number");
  EXPECT_NE(error_of([&] { WeightFile file(path("missing")); }).find("No such file"), std::string::npos);
  EXPECT_NE(error_of([&] { WeightFile file("/dev/null"); }).find("not a regular file"), std::string::npos);
  test::ZipWriter other;
  other.add("photo.png", "x");
  EXPECT_EQ(refusal(other.finish()), "a zip archive, but not from torch.save: it has no data.pkl");
  test::ZipWriter script;
  script.add("m/data.pkl", "\x80\2}.");
  script.add("m/constants.pkl", "\x80\2).");
  EXPECT_EQ(refusal(script.finish()), "a TorchScript program; save the state_dict() of the model instead");
  for (const char* const part : {"m/code/__torch__/m.py", "m/model.json"}) {
    test::ZipWriter other_script;
    other_script.add("m/data.pkl", "\x80\2}.");
    other_script.add(part, "");
    EXPECT_EQ(refusal(other_script.finish()),
              "a TorchScript program; save the state_dict() of the model instead");
  }
  test::ZipWriter big;
  big.add("m/data.pkl", "\x80\2}.");
  big.add("m/byteorder", "big");
  EXPECT_EQ(refusal(big.finish()), "written on a big-endian machine; load and save it with PyTorch on a PC");
  test::ZipWriter nothing;
  nothing.add("m/data.pkl", "\x80\2}.");
  EXPECT_EQ(refusal(nothing.finish()),
            "not a state dict that can be read: it holds no state dict: no tensors by name; save "
            "model.state_dict()");
}

/// {"a": tensor} in an archive whose storage "0" holds four floats.
class OneTensor {
 public:
  std::string storage;
  std::string first = "K\0"s;
  std::string shape = "K\4\x85"s;
  std::string strides = "K\1\x85"s;

  OneTensor() { storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s + "0X\3\0\0\0cpuK\4tQ"s; }
  std::string bytes() const {
    test::ZipWriter writer;
    writer.add("m/data.pkl", "\x80\2}X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n("s + storage + first +
                                 shape + strides + "\x89}tRs.");
    writer.add("m/data/0", std::string(16, '\0'));
    return writer.finish();
  }
};

TEST_F(Pth, tensors_that_reach_beyond_their_storage) {
  EXPECT_EQ(refusal(OneTensor().bytes()), "no error");
  const auto expect = [&](const OneTensor& tensor, const std::string& part) {
    const std::string message = refusal(tensor.bytes());
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const std::string beyond = "tensor \"a\" reaches beyond the 4 values of its storage";
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s;
  OneTensor tensor;
  tensor.shape = "K\5\x85"s;
  expect(tensor, beyond);
  tensor.shape = huge + "\x85"s;
  expect(tensor, beyond);
  tensor.shape = huge + huge + "\x86"s;
  tensor.strides = huge + huge + "\x86"s;
  expect(tensor, beyond);
  tensor.strides = "K\0K\0\x86"s;  // so many elements that their number overflows
  expect(tensor, beyond);
  tensor = {};
  tensor.first = "K\1"s;
  expect(tensor, beyond);
  tensor.first = huge;
  expect(tensor, beyond);
  tensor.first = "J\xff\xff\xff\xff"s;
  expect(tensor, "has no proper shape");
  tensor = {};
  tensor.strides = "K\2\x85"s;
  expect(tensor, beyond);
  tensor.strides = "J\xff\xff\xff\xff\x85"s;
  expect(tensor, "has no proper shape");
  tensor.strides = ")"s;
  expect(tensor, "has no proper shape");
  tensor = {};
  tensor.shape = "(K\1K\1K\1K\1K\1K\1K\1t"s;
  tensor.strides = tensor.shape;
  expect(tensor, "has 7 dimensions; at most 6 can be read");
  tensor = {};
  tensor.storage = "K\1"s;
  expect(tensor, "has no storage");
  tensor.storage = "K\1Q"s;
  expect(tensor, "other than a storage");
  tensor.storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s + "1X\3\0\0\0cpuK\4tQ"s;
  expect(tensor, "the values of \"a\" are missing (storage \"1\")");
  tensor.storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s + "0X\3\0\0\0cpu"s + huge + "tQ"s;
  expect(tensor, "storage \"0\" has 9223372036854775807 values of float32, but there are only 16 bytes");
  tensor.storage = "(X\7\0\0\0storagectorch\nDoubleStorage\nX\1\0\0\0"s + "0X\3\0\0\0cpuK\4tQ"s;
  expect(tensor, "storage \"0\" has 4 values of float64, but there are only 16 bytes");
}

TEST_F(Pth, tensors_of_the_first_versions) {
  // torch._utils._rebuild_tensor, Python 2's texts and OrderedDict, a view of a storage.
  test::ZipWriter writer;
  writer.add(
      "m/data.pkl",
      "\x80\2"
      "ccollections\nOrderedDict\n](](U\1actorch._utils\n_rebuild_tensor\n((U\7storagectorch\nFloatStorage\n"
      "U\1"s +
          "0U\3cpuK\4(U\1vK\1K\3ttQK\1K\2\x85K\1\x85tRee\x85R."s);
  std::string values;
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F}) values += test::u32(std::bit_cast<std::uint32_t>(value));
  writer.add("m/data/0", values);
  const WeightFile file(write(writer.finish()));
  const Array tensor = load(file, "a");
  ASSERT_EQ(tensor.shape(), Shape{2});
  EXPECT_EQ(tensor.values().data()[0], 3.0F);
  EXPECT_EQ(tensor.values().data()[1], 4.0F);
}

std::string text(const std::string& content) {
  return "X" + test::u32(content.size()) + content;
}

/// {"one": two, ...}
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string pickle = "}";
  for (const auto& [key, value] : entries) pickle += text(key) + value + "s";
  return pickle;
}

/// Two floats, 1 and 2.
const std::string two_floats = "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
                               "ctorch\nFloatStorage\n" + text("0") + text("cpu") +
                               "K\2tQK\0K\2\x85K\1\x85\x89}tR"s;
const std::string name_space = "cargparse\nNamespace\n)\x81" + dictionary({{"lr", "K\1"}}) + "b";
/// numpy.float64(91.5), as numpy 1 pickles it.
const std::string numpy_scalar = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text("f8") +
                                 "\x89\x88\x87R(K\3" + text("<") +
                                 "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbc_codecs\nencode\n"s +
                                 text("8bytes__") + text("latin1") + "\x86R\x86R";

std::string archive_of(const std::string& pickle) {
  test::ZipWriter writer;
  writer.add("m/data.pkl", "\x80\2" + pickle + ".");
  writer.add("m/data/0",
             test::u32(std::bit_cast<std::uint32_t>(1.0F)) + test::u32(std::bit_cast<std::uint32_t>(2.0F)));
  return writer.finish();
}

TEST_F(Pth, checkpoints_of_training_scripts) {
  const std::string state = dictionary({{"fc.bias", two_floats}});
  const std::string moments = dictionary({{"state", "}"}, {"param_groups", "]"}});
  const std::string checkpoints[] = {
      dictionary({{"model", state}, {"epoch", "K\3"}, {"args", name_space}}),
      dictionary({{"state_dict", state}, {"best_acc", numpy_scalar}}),
      dictionary({{"net", state}, {"acc", "G\x40\x56\xe0\0\0\0\0\0"s}}),
      dictionary({{"args", name_space}, {"optimizer", moments}, {"generator", state}}),
      dictionary({{"fc.bias", two_floats}, {"best_acc", numpy_scalar}}),
      dictionary({{"net", dictionary({{"state_dict", state}})}}),
  };
  for (const std::string& checkpoint : checkpoints) {
    const WeightFile file(write(archive_of(checkpoint)));
    ASSERT_EQ(file.tensors().size(), 1U);
    const auto tensor = load(file, "fc.bias");
    ASSERT_EQ(tensor.shape(), Shape{2});
    EXPECT_EQ(tensor.values()[1], 2.0F);
  }
}

TEST_F(Pth, names_of_wrappers) {
  for (const std::string prefix :
       {"module.", "_orig_mod.", "model.", "model._orig_mod.", "_orig_mod.module."}) {
    const std::string state =
        dictionary({{prefix + "fc.bias", two_floats}, {prefix + "fc.weight", two_floats}});
    const WeightFile file(write(archive_of(dictionary({{"net", state}}))));
    EXPECT_NE(file.find("fc.bias"), nullptr) << prefix;
    EXPECT_NE(file.find("fc.weight"), nullptr) << prefix;
  }
  const WeightFile file(
      write(archive_of(dictionary({{"model.fc.bias", two_floats}, {"fc.weight", two_floats}}))));
  EXPECT_NE(file.find("model.fc.bias"), nullptr);
}

TEST_F(Pth, what_holds_no_state_dict_says_what_it_holds) {
  const std::string state = dictionary({{"fc.bias", two_floats}});
  const std::string module = "cultralytics.nn\nModel\n)\x81" + dictionary({{"w", "K\1"}}) + "b";
  const std::string none =
      "not a state dict that can be read: it holds no state dict: no tensors by name, but ";
  EXPECT_EQ(
      refusal(archive_of(dictionary({{"model", module}, {"epoch", "K\1"}}))),
      "a whole pickled model under \"model\" (ultralytics.nn.Model), which only its own program can load; "
      "save model.state_dict() there");
  EXPECT_EQ(refusal(archive_of(module)),
            "a whole pickled model (ultralytics.nn.Model), which only its own program can load; save "
            "model.state_dict() there");
  EXPECT_EQ(refusal(archive_of(dictionary({{"gen", state}, {"disc", state}}))),
            none + "\"gen\", \"disc\"; save model.state_dict()");
  EXPECT_EQ(refusal(archive_of(dictionary({{"args", name_space}}))),
            none + "\"args\"; save model.state_dict()");
  const std::string quantized = "ctorch._utils\n_rebuild_qtensor\n)R";
  EXPECT_EQ(refusal(archive_of(dictionary({{"fc.bias", quantized}}))),
            "not a state dict that can be read: tensor \"fc.bias\" is made by torch._utils._rebuild_qtensor, "
            "which is not supported; save dense tensors of floats");
}

TEST_F(Pth, every_truncation_and_many_flipped_bytes_are_survived) {
  const auto index_of = [](const std::string& bytes) {
    return error_of([&] { (void)read_pth_index(bytes, "w.pth"); });
  };
  for (const char* const name : {"strided.pth", "strided.legacy.pth", "half.pth"}) {
    const std::string bytes = read(test_data(name));
    for (std::size_t length = 4; length < bytes.size(); length += 7)
      EXPECT_NE(index_of(bytes.substr(0, length)), "no error") << name << " " << length;
    test::Random random(1);
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      std::string broken = bytes;
      broken[i] = static_cast<char>(broken[i] ^ static_cast<char>(1 + random() % 255));
      (void)(i % 64 == 0 ? refusal(broken) : index_of(broken));
    }
  }
}

}  // namespace
}  // namespace edge
