// SPDX-License-Identifier: MIT
// What every backend of kernels computes from a PaiNN student's numbers before laying them out.
#pragma once

#include <vector>

#include "painn_model.hpp"
#include "radial_table.hpp"
#include "uncertainty.hpp"

namespace ipip {

/// phi of each species in the first layer, [n_species, 3 F], which is the same for all its atoms.
std::vector<double> first_messages(const PainnModel& model);

/// Tables of all layers' filters, with as many pieces as the most demanding one needs.
std::vector<RadialTable> tabulate_layers(const PainnModel& model, double target);

/// The readout's first matrix, whose input s + a_ss is taken in two halves: the last layer's a_ss
/// is linear in the output of the context's SiLU, so the two successive matrices are one.
struct SplitReadout {
  Linear scalars;  ///< F -> W for s, with the whole bias
  Linear hidden;   ///< F -> W for the context's hidden row; its bias is in `scalars`
};

SplitReadout split_readout(const PainnModel& model);

/// W_z (h - m_z) of each species as one layer, F -> F, whose bias is -W_z m_z.
std::vector<Linear> whitening_layers(const Uncertainty& uncertainty);

}  // namespace ipip
