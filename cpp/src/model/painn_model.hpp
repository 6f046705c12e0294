// SPDX-License-Identifier: MIT
// The numbers of a PaiNN student.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model_file.hpp"
#include "radial_table.hpp"

namespace ipip {

/// y = W x + b in float64.
struct Linear {
  std::int64_t n_out = 0;
  std::int64_t n_in = 0;
  std::vector<double> weight;  ///< [n_out, n_in]
  std::vector<double> bias;    ///< [n_out], zeros where the layer has none
};

/// One layer (Schütt et al. 2021, Eqs. 7-10).
struct PainnLayer {
  RadialFilter filter;  ///< [3 F] outputs: s, vs, vv
  Linear message[2];    ///< F -> F -> 3 F
  Linear mix;           ///< F -> 2 F: V, U
  Linear context[2];    ///< 2 F -> F -> 3 F: ss, vv, sv
};

struct PainnModel {
  std::int64_t channels = 0;
  std::int64_t n_species = 0;
  double cutoff = 0.0;            ///< Å
  double epsilon = 0.0;           ///< under the square root of the norm
  std::vector<double> embedding;  ///< [n_species, F]
  std::vector<PainnLayer> layers;
  Linear readout[2];           ///< F -> H -> 1, heads averaged
  std::vector<double> scale;   ///< [n_species] eV
  std::vector<double> offset;  ///< [n_species] eV, reference energy plus shift
  bool zbl = false;
  std::vector<double> charges;         ///< [n_species, n_species] eV Å
  std::vector<double> inverse_length;  ///< [n_species, n_species] 1/Å
  std::vector<double> reach;           ///< [n_species, n_species] Å
};

/// Reads a student that `kernels_refusal` (ipip/backends.hpp) does not refuse.
PainnModel read_painn(const ModelFile& file);

}  // namespace ipip
