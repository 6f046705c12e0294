// SPDX-License-Identifier: GPL-2.0-or-later
// pair_style ipip: runs a student of the ipip package. It hands rows and pairs to libipip and adds
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
  explicit PairIpip(class LAMMPS* lmp);
  ~PairIpip() override;

  void settings(int narg, char** arg) override;
  void coeff(int narg, char** arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  void compute(int eflag, int vflag) override;
  double memory_usage() override;

  int pack_forward_comm(int n, int* list, double* buffer, int pbc_flag, int* pbc) override;
  void unpack_forward_comm(int n, int first, double* buffer) override;

 private:
  void allocate();
  void forget_student();
  void load(const std::string& path);
  void map_elements(int n_elements, char** elements);
  void check_units();
  void check_special_bonds();
  void find_owners();
  void check_finite() const;
  void add_forces_and_energies();
  void add_virials();
  void fill_pvector();

  ipip::RunOptions options_;
  std::unique_ptr<ipip::Student> student_;
  std::vector<int> species_;      // [ntypes + 1] index into the student's symbols, -1 for NULL
  std::vector<int> owner_rank_;   // [nlocal + nghost]
  std::vector<int> owner_index_;  // [nlocal + nghost]
  bigint mapped_build_ = -1;      // build of the neighbour list that the rows belong to
  StepGraph step_;
  ipip::Results results_;
  double energy_unit_ = 1.0;  // deck's energy unit per eV
};

}  // namespace LAMMPS_NS
