// Objects and several outputs in frames' headers and in results: what comes back is what was sent, and
// nothing that a peer may lie about is taken.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/models.h"
#include "net/length_prefix.h"
#include "roles/chain/frame_header.h"
#include "roles/chain/result.h"
#include "roles/classify.h"
#include "tests/roles/detector_graph.h"

namespace edge::chain {
namespace {

using detection::Detection;
using net::ConnectionLost;
using nlohmann::json;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// What `action` says when it refuses.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const ConnectionLost& error) {
    return error.what();
  }
  return "accepted";
}

class ObjectsTest : public ::testing::Test {
 protected:
  ObjectOptions options() const {
    return {.decoder = std::string(decoder_->name()),
            .wanted = {.threshold = 0.3F, .overlap = 0.55F, .classes = {1}},
            .placement = {.picture = {1080, 1920}, .scaled = {27, 48}, .top = 2, .left = 0}};
  }
  FrameHeader header(const ObjectOptions& options) const {
    FrameHeader header{
        .run = {.instance = 3, .epoch = 1}, .ends = {graph_.size()}, .route = {0}, .options = {}};
    header.options.objects = options;
    return header;
  }
  FrameHeader parsed(const ObjectOptions& options) const { return parsed(pack(header(options), {0})); }
  FrameHeader parsed(const std::vector<std::byte>& bytes) const {
    return parse_frame_header(bytes, graph_, {.worker = 0, .decoders = &decoders_});
  }
  /// The header with one of the object options changed.
  std::string refusal_with(const char* key, const json& value) const {
    json changed = net::from_cbor(pack(header(options()), {0}));
    changed["objects"][key] = value;
    return refusal([&] { parsed(net::to_cbor(changed)); });
  }

  Result parsed_result(const net::Message& message) const {
    return parse_result(message, {.graph = graph_, .decoder = decoder_.get()}, kernels::Isa::scalar);
  }
  Result parsed_result(std::vector<Detection> objects) const {
    return parsed_result(
        pack({.frame = 5, .run = {}, .has_objects = true, .objects = std::move(objects)}, {}));
  }

  const Graph graph_ = test::detector_graph();
  const detection::Decoders decoders_{graph_};
  const std::unique_ptr<const detection::Decoder> decoder_ = detection::make_decoder("auto", graph_);
};

TEST_F(ObjectsTest, OptionsComeThrough) {
  const std::optional<ObjectOptions> came = parsed(options()).options.objects;
  ASSERT_TRUE(came);
  EXPECT_EQ(came->decoder, decoder_->name());
  EXPECT_EQ(came->wanted.threshold, 0.3F) << "the float, bit for bit";
  EXPECT_EQ(came->wanted.overlap, 0.55F);
  EXPECT_EQ(came->wanted.classes, std::vector{1});
  EXPECT_EQ(came->placement, options().placement);
}

TEST_F(ObjectsTest, OptionsThatCannotBeAreRefused) {
  EXPECT_EQ(refusal_with("threshold", 1), "accepted");
  for (const char* const share : {"threshold", "overlap"}) {
    EXPECT_NE(refusal_with(share, -0.1).find("thresholds"), std::string::npos);
    EXPECT_NE(refusal_with(share, 1.5).find("thresholds"), std::string::npos);
    EXPECT_NE(refusal_with(share, nan).find("thresholds"), std::string::npos);
    EXPECT_NE(refusal_with(share, "half").find("malformed"), std::string::npos);
  }
  EXPECT_NE(refusal_with("classes", {2}).find("classes which"), std::string::npos);
  EXPECT_NE(refusal_with("classes", {-1}).find("classes which"), std::string::npos);
  EXPECT_NE(refusal_with("classes", {std::int64_t{1} << 40}).find("classes which"), std::string::npos);
  EXPECT_NE(refusal_with("classes", {0, 1, 0}).find("classes which"), std::string::npos)
      << "more than there are";
  EXPECT_NE(refusal_with("decoder", "no\nsuch").find("'no\\nsuch', which cannot read"), std::string::npos)
      << refusal_with("decoder", "no\nsuch");
  EXPECT_NE(refusal_with("decoder", "auto"), "accepted") << "the master decides";
  EXPECT_NE(refusal_with("decoder", 3).find("malformed"), std::string::npos);
  const auto placed = [&](std::vector<std::int64_t> numbers) { return refusal_with("placement", numbers); };
  EXPECT_EQ(placed({1080, 1920, 27, 48, -20, 2}), "accepted");
  EXPECT_NE(placed({0, 1920, 27, 48, 0, 0}).find("placed"), std::string::npos);
  EXPECT_NE(placed({1080, 1920, 27, 0, 0, 0}).find("placed"), std::string::npos);
  EXPECT_NE(placed({1080, std::int64_t{1} << 40, 27, 48, 0, 0}).find("placed"), std::string::npos);
  EXPECT_NE(placed({1080, 1920, 27, 48, 0, INT64_MIN}).find("placed"), std::string::npos);
  EXPECT_NE(placed({1080, 1920}), "accepted");
}

TEST_F(ObjectsTest, NetworksThatFindNothingAreNotAsked) {
  const Graph classifier = make_model("toy_dag", {.rows = 32, .columns = 32});
  const detection::Decoders none(classifier);
  for (const auto* const decoders : {&none, static_cast<const detection::Decoders*>(nullptr)}) {
    FrameHeader wants = header(options());
    wants.ends = {classifier.size()};
    EXPECT_NE(refusal([&] {
                parse_frame_header(pack(wants, {0}), classifier, {.worker = 0, .decoders = decoders});
              }).find("cannot read this network's output"),
              std::string::npos);
  }
}

TEST_F(ObjectsTest, ComeBackBitForBit) {
  const std::vector<Detection> sent{
      {.class_index = 1, .score = 0.83333F, .box = {0.1F, 2.7F, 1919.99F, 1080}},
      {.class_index = 0, .score = 0, .box = {5, 5, 5, 5}}};
  const Result came = parsed_result(sent);
  ASSERT_TRUE(came.has_objects);
  ASSERT_EQ(came.objects.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(came.objects[i].class_index, sent[i].class_index);
    EXPECT_EQ(came.objects[i].score, sent[i].score);
    EXPECT_EQ(came.objects[i].box.left, sent[i].box.left);
    EXPECT_EQ(came.objects[i].box.top, sent[i].box.top);
    EXPECT_EQ(came.objects[i].box.right, sent[i].box.right);
    EXPECT_EQ(came.objects[i].box.bottom, sent[i].box.bottom);
  }
  EXPECT_EQ(parsed_result(std::vector<Detection>()).objects.size(), 0U) << "none found, but looked for";
}

TEST_F(ObjectsTest, LiesAreRefused) {
  const auto lie = [&](const Detection& object) {
    return refusal([&] { parsed_result(std::vector{object}); });
  };
  EXPECT_EQ(lie({.class_index = 1, .score = 1, .box = {0, 0, 1, 1}}), "accepted");
  for (const int index : {-1, 2, 1 << 30}) {
    EXPECT_NE(lie({.class_index = index, .score = 1, .box = {0, 0, 1, 1}}).find("class that the network"),
              std::string::npos);
  }
  for (const float score : {-0.1F, 1.1F, nan, infinity}) {
    EXPECT_NE(lie({.class_index = 0, .score = score, .box = {0, 0, 1, 1}}).find("impossible"),
              std::string::npos);
  }
  const std::vector<detection::Box> boxes{
      {nan, 0, 1, 1},      {0, nan, 1, 1}, {0, 0, nan, 1}, {0, 0, 1, nan}, {0, 0, infinity, 1},
      {0, 0, 1, infinity}, {-1, 0, 1, 1},  {0, -1, 1, 1},  {2, 0, 1, 1},   {0, 2, 1, 1}};
  for (const detection::Box& box : boxes) {
    EXPECT_NE(lie({.class_index = 0, .score = 1, .box = box}).find("impossible"), std::string::npos);
  }
}

TEST_F(ObjectsTest, OnlyThoseThatWereAskedFor) {
  EXPECT_NE(refusal([&] { parsed_result(pack({.frame = 5, .run = {}}, {})); }).find("without the objects"),
            std::string::npos);
  const net::Message unasked = pack({.frame = 5, .run = {}, .has_objects = true}, {});
  EXPECT_NE(
      refusal([&] { parse_result(unasked, {.graph = graph_}, kernels::Isa::scalar); }).find("nobody asked"),
      std::string::npos);
  // Not even JSON of the right kind.
  for (const json& value :
       {json("cars"), json(3), json::object({{"class", 1}}), json::array({json::array({0})})}) {
    json cbor{{"run", {1, 1}},    {"stages", json::array()}, {"top_k", json::array()},
              {"objects", value}, {"checksum", 1},           {"outputs", false}};
    net::Message message{.type = net::MessageType::result, .payload = {}};
    net::append_prefixed(message.payload, net::to_cbor(cbor));
    EXPECT_NE(refusal([&] { parsed_result(message); }), "accepted") << value;
  }
}

TEST_F(ObjectsTest, AsManyAsThereMayBeFitIntoAMessage) {
  Result result{.frame = 5, .run = {}, .stages = std::vector<StageReport>(65), .has_objects = true};
  for (int worker = -1; worker < 64; ++worker) {
    result.stages[static_cast<std::size_t>(worker + 1)] = stage_report(
        worker, {.bytes = 1U << 31, .receive_s = 0.1, .decode_s = 0.1, .wait_s = 0.1, .received_at = 1.1},
        {.compute_s = 0.1, .compute_at = 1.1},
        {.encode_s = 0.1, .encode_at = 1.1, .transfer = {.bytes = 1U << 31, .seconds = 0.1}});
  }
  for (std::size_t i = 0; i < detection::most_objects; ++i) {
    result.objects.push_back({.class_index = 1, .score = 0.123F, .box = {0.1F, 0.1F, 1919.9F, 1079.9F}});
  }
  EXPECT_EQ(parsed_result(pack(result, {})).objects.size(), detection::most_objects);
  EXPECT_LE(pack(result, {}).payload.size(), max_result_payload(graph_));
  result.objects.push_back(result.objects.back());
  EXPECT_NE(refusal([&] { parsed_result(pack(result, {})); }).find("1001 objects; at most 1000"),
            std::string::npos);
}

class OutputsTest : public ::testing::Test {
 protected:
  OutputsTest() {
    float value = 0.5F;
    for (const LayerIndex layer : graph_.outputs()) {
      FreshArray fresh = allocate_array(ElementType::f32, graph_.layer(layer).output_shape);
      for (std::size_t i = 0; i < fresh.array.elements(); ++i) {
        reinterpret_cast<float*>(fresh.data)[i] = value *= -1.01F;
      }
      outputs_.push_back(fresh.array);
    }
  }
  Result parsed(const std::vector<Array>& outputs) const {
    return parsed(pack({.frame = 1, .run = {}}, encode_outputs(outputs, {})));
  }
  Result parsed(const net::Message& message) const {
    return parse_result(message, {.graph = graph_}, kernels::Isa::scalar);
  }

  const Graph graph_ = test::three_output_graph();
  std::vector<Array> outputs_;
};

TEST_F(OutputsTest, AllComeBackInTheNetworksOrder) {
  const Result came = parsed(outputs_);
  ASSERT_EQ(came.outputs.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(bit_equal(came.outputs[i], outputs_[i])) << i;
  EXPECT_LE(pack({.frame = 1, .run = {}}, encode_outputs(outputs_, {.delta = false, .compress = false}))
                .payload.size(),
            max_result_payload(graph_));
}

TEST_F(OutputsTest, SomeOrOtherOnesAreRefused) {
  EXPECT_NE(refusal([&] { parsed(std::vector{outputs_[0], outputs_[1]}); }), "accepted") << "two of three";
  EXPECT_NE(refusal([&] { parsed(std::vector{outputs_[1], outputs_[0], outputs_[2]}); }), "accepted");
  EXPECT_NE(refusal([&] {
              parsed(std::vector{outputs_[0], outputs_[1], outputs_[2], outputs_[2]});
            }),
            "accepted");
  net::Message cut = pack({.frame = 1, .run = {}}, encode_outputs(outputs_, {}));
  cut.payload.pop_back();
  EXPECT_NE(refusal([&] { parsed(cut); }), "accepted");
}

TEST_F(OutputsTest, HaveNoClasses) {
  const Result strange{.frame = 1, .run = {}, .top_k = {{0, 0.5F}}};
  EXPECT_NE(refusal([&] { parsed(pack(strange, {})); }).find("more classes than the network has"),
            std::string::npos);
}

TEST_F(OutputsTest, TheChecksumIsOfAllOneAfterTheOther) {
  EXPECT_EQ(checksum(std::span(outputs_).first(1)), checksum(outputs_[0])) << "one output's, as ever";
  std::vector<std::byte> bytes;
  for (const Array& output : outputs_) bytes.insert(bytes.end(), output.span().begin(), output.span().end());
  FreshArray all = allocate_array(ElementType::f32, Shape{static_cast<std::int64_t>(bytes.size() / 4)});
  std::copy(bytes.begin(), bytes.end(), all.data);
  EXPECT_EQ(checksum(outputs_), checksum(all.array));
  EXPECT_NE(checksum(outputs_), checksum(outputs_[0]));
}

}  // namespace
}  // namespace edge::chain
