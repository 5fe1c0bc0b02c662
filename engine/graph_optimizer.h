// Rewrites graphs into ones that compute the same with less. Pure functions, callable from any thread.
//
// Only what changes the layers themselves is done here: plans and cuts count in the layers of the result, so
// that no cut falls inside of a folded layer. Everything that gives the same bits with and without (ReLU,
// addition and pooling run by the kernel in front of them, concatenation without copies) is left to the
// executor, which does it where no cut lies between (engine/program.h).
#pragma once

#include "engine/graph.h"

namespace edge {

/// A batch norm whose input is a convolution that nobody else reads becomes part of that convolution
/// (Conv2dLayer::norm): one layer with the name of the norm and the parameters of both, which are multiplied
/// into each other when they are loaded.
Graph fold_batch_norms(const Graph& graph);

}  // namespace edge
