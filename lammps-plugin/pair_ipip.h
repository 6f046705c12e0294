// SPDX-License-Identifier: GPL-2.0-or-later
// pair_style ipip: runs a student of the ipip package. Hands rows and pairs to libipip and adds
// what comes back to LAMMPS' forces, energies and virials.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ipip/student.hpp"
#include "pair.h"
#include "step_graph.h"

namespace LAMMPS_NS {

class PairIpip : public Pair {
 public:
  explicit PairIpip(class LAMMPS *);
  ~PairIpip() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  double memory_usage() override;

  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;

 private:
  void allocate();
  void load(const std::string &path);
  void map_elements(int nelements, char **elements);
  void find_owners();
  void add_results(const ipip::Result &result);
  void tally_virial(const double *gradients);
  void check_finite(const ipip::Result &result);
  void fill_pvector();

  ipip::RunOptions options_;
  std::unique_ptr<ipip::Student> student_;
  std::string path_;
  std::vector<int> species_;        // [ntypes + 1] element of each type, -1 for NULL
  std::vector<int> owner_rank_;     // [nall]
  std::vector<int> owner_index_;    // [nall]
  std::vector<double> forces_;      // [rows, 3] eV/Å
  StepGraph graph_;
  double energy_unit_ = 1.0;    // deck's energy unit per eV
};

}    // namespace LAMMPS_NS
