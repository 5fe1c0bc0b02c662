// What the importer makes of whole files: names, weights, and less layers than nodes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/array_operations.h"
#include "tests/engine/onnx_import.h"

namespace edge {
namespace {

using test::attribute;
using test::import;
using test::OnnxFile;
using test::operations;
using test::picture;
using test::run;

TEST(OnnxImporter, binds_dynamic_extents_to_the_frame_and_names_outputs) {
  const onnx::Network network = import(picture()
                                           .node("Relu", {"x"}, {"first"}, {}, "node 1")
                                           .node("Sigmoid", {"first"}, {"second"})
                                           .output("second")
                                           .output("first"));
  EXPECT_EQ(network.graph.layer(0).output_shape, Shape({1, 3, 4, 6}));
  EXPECT_EQ(network.output_names, (std::vector<std::string>{"second", "first"}));
  EXPECT_EQ(network.outputs, (std::vector<LayerIndex>{2, 1}));
  EXPECT_EQ(network.graph.outputs(), network.outputs);
  EXPECT_EQ(network.graph.layer(1).name, "first");
  EXPECT_EQ(network.graph.layer(2).name, "second");
}

TEST(OnnxImporter, weights_keep_their_names_and_are_served_from_the_file) {
  const OnnxFile file = OnnxFile(13)
                            .input("x", {1, 3, 2, 2})
                            .initializer("conv1.weight", {1, 3, 1, 1}, {1, 2, 3})
                            .initializer("conv1.bias", {1}, {0.5F})
                            .node("Conv", {"x", "conv1.weight", "conv1.bias"}, {"y"})
                            .output("y");
  const onnx::Network network = import(file, 2, 2);
  const Layer& layer = network.graph.layer(1);
  EXPECT_EQ(layer.parameters[0].name, "conv1.weight");
  EXPECT_EQ(layer.parameters[1].name, "conv1.bias");
  EXPECT_EQ(network.weights->load(layer.parameters[0]).values()[2], 3);
  const Tensor input = test::random_tensor({1, 3, 2, 2}, 1);
  const float* const x = input.data();
  EXPECT_NEAR(run(network, input).values()[1], x[1] + 2 * x[5] + 3 * x[9] + 0.5F, 1e-6);
  EXPECT_EQ(network.weights->identity(), import(file, 2, 2).weights->identity());
  EXPECT_EQ(network.weights->identity().size(), 5U + 64);
}

TEST(OnnxImporter, arithmetic_on_shapes_is_computed) {
  // view(size(0), 3, -1) as PyTorch writes it.
  const onnx::Network network =
      import(picture()
                 .node("Shape", {"x"}, {"shape"})
                 .initializer("zero", std::vector<std::int64_t>{0})
                 .initializer("rest", std::vector<std::int64_t>{3, -1})
                 .node("Gather", {"shape", "zero"}, {"batch"}, {attribute("axis", 0)})
                 .node("Cast", {"batch"}, {"number"}, {attribute("to", 7)})
                 .node("Concat", {"number", "rest"}, {"target"}, {attribute("axis", 0)})
                 .node("Reshape", {"x", "target"}, {"y"})
                 .output("y"));
  EXPECT_EQ(operations(network.graph), "rearrange");
  EXPECT_EQ(network.graph.layer(1).output_shape, Shape({1, 3, 24}));
}

TEST(OnnxImporter, identities_and_dropout_disappear) {
  const onnx::Network network = import(picture()
                                           .node("Identity", {"x"}, {"a"})
                                           .node("Dropout", {"a"}, {"b"})
                                           .node("Relu", {"b"}, {"c"})
                                           .output("c"));
  EXPECT_EQ(operations(network.graph), "activation");
}

TEST(OnnxImporter, a_batch_norm_behind_a_convolution_becomes_part_of_it) {
  const auto file = [](bool twice) {
    OnnxFile result = picture();
    result.initializer("w", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
        .initializer("g", {2}, {2, 3})
        .initializer("b", {2}, {1, -1})
        .initializer("m", {2}, {0.5F, 0.25F})
        .initializer("v", {2}, {1, 4})
        .node("Conv", {"x", "w"}, {"y"})
        .node("BatchNormalization", {"y", "g", "b", "m", "v"}, {"z"}, {attribute("epsilon", 0.0F)})
        .output("z");
    if (twice) result.output("y");
    return result;
  };
  const onnx::Network network = import(file(false));
  EXPECT_EQ(operations(network.graph), "conv2d");
  const Tensor input = test::random_tensor({1, 3, 4, 6}, 2);
  const float* const x = input.data();
  const Array result = run(network, input);
  EXPECT_NEAR(result.values()[0], (x[0] + 2 * x[24] + 3 * x[48] - 0.5F) * 2 + 1, 1e-5);
  EXPECT_EQ(operations(import(file(true)).graph), "conv2d batch_norm2d");  // somebody else needs it
}

TEST(OnnxImporter, constants_behind_convolutions_and_activations_become_part_of_them) {
  const auto file = [](bool twice) {
    OnnxFile result = picture();
    result.initializer("w", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
        .initializer("scale", {2, 1, 1}, {2, 3})
        .initializer("shift", {1}, {-0.5F})
        .initializer("half", {1}, {0.5F})
        .initializer("one", {}, {1})
        .node("Conv", {"x", "w"}, {"a"})
        .node("Mul", {"scale", "a"}, {"b"})
        .node("Add", {"b", "shift"}, {"c"})
        .node("Relu", {"c"}, {"d"})
        .node("Div", {"d", "half"}, {"e"})
        .node("Sub", {"one", "e"}, {"f"})
        .output("f");
    if (twice) result.output("a").output("d");
    return result;
  };
  const Tensor input = test::random_tensor({1, 3, 4, 6}, 2);
  const onnx::Network network = import(file(false));
  EXPECT_EQ(operations(network.graph), "conv2d activation");
  EXPECT_EQ(network.graph.layer(2).operation.get<ActivationLayer>().activation,
            Activation::relu().scaled(-2, 1));
  const Array result = run(network, input);
  const float* const x = input.data();
  for (std::size_t i = 0; i < 24; ++i) {
    const float first = 2 * (x[i] + 2 * x[24 + i] + 3 * x[48 + i]) - 0.5F;
    const float second = 3 * (4 * x[i] + 5 * x[24 + i] + 6 * x[48 + i]) - 0.5F;
    EXPECT_NEAR(result.values()[i], 1 - 2 * std::max(first, 0.0F), 1e-4);
    EXPECT_NEAR(result.values()[24 + i], 1 - 2 * std::max(second, 0.0F), 1e-4);
  }
  const onnx::Network apart = import(file(true));  // somebody else needs what is between
  EXPECT_EQ(operations(apart.graph), "conv2d binary binary activation binary binary");
  const Array same = run(apart, input);
  for (std::size_t i = 0; i < 48; ++i) EXPECT_NEAR(result.values()[i], same.values()[i], 1e-4);
}

TEST(OnnxImporter, parameters_that_are_made_have_names_of_their_own) {
  OnnxFile file = picture();
  file.initializer("w", {3, 3, 1, 1}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  file.initializer("two", {1}, {2}).initializer("three", {1}, {0.25F});
  file.node("Conv", {"x", "w"}, {"a"}).node("Mul", {"a", "two"}, {"b"});
  file.node("Conv", {"b", "w"}, {"c"}).node("Mul", {"c", "three"}, {"d"}).output("d");
  const onnx::Network network = import(file);
  EXPECT_EQ(operations(network.graph), "conv2d conv2d");
  const Tensor input = test::random_tensor({1, 3, 4, 6}, 3);
  const Array result = run(network, input);
  for (std::size_t i = 0; i < 72; ++i) EXPECT_NEAR(result.values()[i], input.data()[i] / 2, 1e-6);
}

TEST(OnnxImporter, padding_in_front_goes_into_convolutions_and_pooling) {
  const onnx::Network network = import(picture(11)
                                           .initializer("pads", {0, 0, 0, 1, 0, 0, 1, 2})
                                           .initializer("w", {1, 3, 2, 2}, std::vector<float>(12, 1.0F))
                                           .node("Pad", {"x", "pads"}, {"p"})
                                           .node("Conv", {"p", "w"}, {"y"})
                                           .output("y"));
  EXPECT_EQ(operations(network.graph), "conv2d");
  const auto& conv = network.graph.layer(1).operation.get<Conv2dLayer>();
  EXPECT_EQ(conv.padding, (Extent2d{0, 1}));
  EXPECT_EQ(conv.extra, (Extent2d{1, 1}));
  EXPECT_EQ(network.graph.layer(1).output_shape, Shape({1, 1, 4, 8}));
}

TEST(OnnxImporter, a_channel_shuffle_is_one_copy) {
  const onnx::Network network =
      import(OnnxFile(13)
                 .input("x", {1, 3, 4, 4})
                 .initializer("apart", std::vector<std::int64_t>{1, 3, 2, 2, 4})
                 .initializer("together", std::vector<std::int64_t>{1, 6, 2, 4})
                 .node("Reshape", {"x", "apart"}, {"a"})
                 .node("Transpose", {"a"}, {"t"}, {attribute("perm", {0, 2, 1, 3, 4})})
                 .node("Reshape", {"t", "together"}, {"y"})
                 .output("y"),
             4, 4);
  // The copy, and the name of its extents, which costs nothing.
  int copies = 0;
  for (LayerIndex index = 1; index < network.graph.size(); ++index) {
    copies += network.graph.layer(index).operation.get<RearrangeLayer>().from.contiguous() ? 0 : 1;
  }
  EXPECT_EQ(copies, 1);
  const Tensor input = test::random_tensor({1, 3, 4, 4}, 2);
  const Array result = run(network, input);
  EXPECT_EQ(result.values()[8], input.data()[16]);  // channel 1 of the result: channel 1 of the input
  EXPECT_EQ(result.values()[24], input.data()[8]);
}

TEST(OnnxImporter, focus_is_one_copy) {
  OnnxFile file = OnnxFile(11).input("x", {1, 3, 4, 6}).initializer("axes", {2, 3});
  file.initializer("steps", {2, 2}).initializer("end", {100, 100});
  const std::vector<std::vector<std::int64_t>> starts{{0, 0}, {1, 0}, {0, 1}, {1, 1}};
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::string number = std::to_string(i);
    file.initializer("start" + number, starts[i]);
    file.node("Slice", {"x", "start" + number, "end", "axes", "steps"}, {"part" + number});
    parts.push_back("part" + number);
  }
  file.node("Concat", parts, {"y"}, {attribute("axis", 1)}).output("y");
  const onnx::Network network = import(file);
  int copies = 0;
  for (LayerIndex index = 1; index < network.graph.size(); ++index) {
    ASSERT_TRUE(network.graph.layer(index).operation.is<RearrangeLayer>());
    copies += network.graph.layer(index).operation.get<RearrangeLayer>().from.contiguous() ? 0 : 1;
  }
  EXPECT_EQ(copies, 1);
  const Tensor input = test::random_tensor({1, 3, 4, 6}, 2);
  const Array result = run(network, input);
  EXPECT_EQ(result.shape(), Shape({1, 12, 2, 3}));
  for (std::int64_t channel = 0; channel < 12; ++channel) {
    const auto& start = starts[static_cast<std::size_t>(channel / 3)];
    const std::int64_t from = channel % 3 * 24 + (start[0] + 2) * 6 + start[1] + 2;
    EXPECT_EQ(result.values()[static_cast<std::size_t>(channel * 6 + 3 + 1)], input.data()[from]) << channel;
  }
}

TEST(OnnxImporter, channels_last_in_front_of_a_transposition_costs_nothing) {
  const onnx::Network network = import(OnnxFile(12)
                                           .input("x", {1, 4, 6, 3})
                                           .node("Transpose", {"x"}, {"t"}, {attribute("perm", {0, 3, 1, 2})})
                                           .node("Relu", {"t"}, {"y"})
                                           .output("y"));
  EXPECT_EQ(operations(network.graph), "activation");
  EXPECT_EQ(network.graph.layer(0).output_shape, Shape({1, 3, 4, 6}));
}

TEST(OnnxImporter, slices_of_channels_are_views) {
  const onnx::Network network = import(OnnxFile(13)
                                           .input("x", {1, 3, 4, 6})
                                           .initializer("sizes", {1, 2})
                                           .node("Split", {"x", "sizes"}, {"a", "b"}, {attribute("axis", 1)})
                                           .node("Relu", {"b"}, {"y"})
                                           .output("y"));
  EXPECT_EQ(operations(network.graph), "rearrange activation");
  EXPECT_TRUE(network.graph.layer(1).operation.get<RearrangeLayer>().from.contiguous());
  const Tensor input = test::random_tensor({1, 3, 4, 6}, 2);
  EXPECT_EQ(run(network, input).values()[5], std::max(input.data()[29], 0.0F));
}

struct Spelling {
  const char* name;
  std::function<void(OnnxFile&)> write;  ///< from "c" to "y"
  Activation activation;
};

TEST(OnnxImporter, recognises_activations_that_are_spelled_out) {
  const auto numbers = [](OnnxFile& file) {
    file.initializer("three", {}, {3}).initializer("six", {}, {6}).initializer("zero", {}, {0});
    file.initializer("sixth", {1}, {1.0F / 6}).initializer("of6", {1}, {6});
  };
  const std::vector<Spelling> spellings{
      {"silu",
       [](OnnxFile& f) {
         f.node("Sigmoid", {"c"}, {"s"}).node("Mul", {"c", "s"}, {"y"});
       },
       Activation::silu()},
      {"hard swish by hard sigmoid",
       [](OnnxFile& f) {
         f.node("HardSigmoid", {"c"}, {"s"}, {attribute("alpha", 1.0F / 6)}).node("Mul", {"s", "c"}, {"y"});
       },
       Activation::hard_swish()},
      {"hard swish by Div at the end",
       [](OnnxFile& f) {
         f.node("Add", {"c", "three"}, {"a"}).node("Clip", {"a", "zero", "six"}, {"k"});
         f.node("Mul", {"c", "k"}, {"m"}).node("Div", {"m", "six"}, {"y"});
       },
       Activation::hard_swish()},
      {"hard swish by Div in the middle",
       [](OnnxFile& f) {
         f.node("Add", {"three", "c"}, {"a"}).node("Clip", {"a", "zero", "six"}, {"k"});
         f.node("Div", {"k", "of6"}, {"d"}).node("Mul", {"c", "d"}, {"y"});
       },
       Activation::hard_swish()},
      {"hard sigmoid",
       [](OnnxFile& f) {
         f.node("Add", {"c", "three"}, {"a"}).node("Clip", {"a", "zero", "six"}, {"k"});
         f.node("Mul", {"k", "sixth"}, {"y"});
       },
       Activation::hard_sigmoid(1.0F / 6, 0.5F)},
      {"mish",
       [](OnnxFile& f) {
         f.node("Softplus", {"c"}, {"s"}).node("Tanh", {"s"}, {"t"}).node("Mul", {"c", "t"}, {"y"});
       },
       Activation::mish()}};
  for (const Spelling& spelling : spellings) {
    OnnxFile file = picture();
    numbers(file);
    file.initializer("w", {1, 3, 1, 1}, {1, 2, 3}).node("Conv", {"x", "w"}, {"c"});
    spelling.write(file);
    file.output("y");
    const onnx::Network network = import(file);
    ASSERT_EQ(operations(network.graph), "conv2d activation") << spelling.name;
    EXPECT_EQ(network.graph.layer(2).operation.get<ActivationLayer>().activation, spelling.activation)
        << spelling.name;
  }
}

TEST(OnnxImporter, zeros_behind_the_channels_are_padding) {
  const onnx::Network network = import(OnnxFile(12)
                                           .input("x", {1, 3, 4, 6})
                                           .initializer("extents", {1, 5, 4, 6})
                                           .node("ConstantOfShape", {"extents"}, {"zeros"})
                                           .node("Concat", {"x", "zeros"}, {"y"}, {attribute("axis", 1)})
                                           .output("y"));
  EXPECT_EQ(operations(network.graph), "pad");
  EXPECT_EQ(network.graph.layer(1).output_shape, Shape({1, 8, 4, 6}));
}

TEST(OnnxImporter, half_precision_weights_are_widened_when_they_are_loaded) {
  const onnx::Network network =
      import(picture()
                 .message(5, test::tensor_message("h", onnx::DataType::float16, {1, 3, 1, 1},
                                                  std::string("\0\x3c\0\x40\0\x42", 6)))
                 .node("Cast", {"h"}, {"w"}, {attribute("to", 1)})
                 .node("Conv", {"x", "w"}, {"y"})
                 .output("y"));
  const Array weights = network.weights->load(network.graph.layer(1).parameters[0]);
  EXPECT_EQ(std::vector<float>(weights.values().begin(), weights.values().end()),
            (std::vector<float>{1, 2, 3}));
}

}  // namespace
}  // namespace edge
