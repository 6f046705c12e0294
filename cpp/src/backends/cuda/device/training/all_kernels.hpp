// SPDX-License-Identifier: MIT
// The source of every kernel of training.
#pragma once

#include "frames.hpp"
#include "matrices.hpp"
#include "node_tangents.hpp"
#include "nodes.hpp"
#include "pair_tangents.hpp"
#include "table_gradients.hpp"
